import { describe, expect, it } from "vitest";
import { checkAddress } from "../../src/agent/tools/address.ts";

/** Every spelling we know of an address that is nobody's business, by the trick it plays. */
const REFUSED: Record<string, readonly string[]> = {
  "loopback, plainly": [
    "http://127.0.0.1/",
    "http://127.0.0.1:8787/admin",
    "https://127.255.255.254/",
    "http://localhost/",
    "http://LOCALHOST:80/",
  ],
  "loopback, as a number": [
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0x7F.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://0177.0000.0000.0001/",
  ],
  "loopback, shortened": [
    "http://127.1/",
    "http://127.0.1/",
    "http://0x7f.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0x0/",
  ],
  "loopback, in other characters": [
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://%31%32%37.0.0.1/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://%6c%6f%63alhost/",
    "http://loc\u00adalhost/",
    "http://loca\u200blhost/",
    "http://127%2e0%2e0%2e1/",
  ],
  "trailing dots": [
    "http://127.0.0.1./",
    "http://localhost./",
    "http://localhost../",
    "http://metadata.google.internal./",
  ],
  "IPv6 loopback and unspecified": [
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "http://[::]/",
    "http://[::1]:8080/",
  ],
  "IPv4 within IPv6": [
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:53aa:64c:0:0:80ff:fffe]/",
  ],
  "IPv6 not of the internet": [
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[4000::1]/",
    "http://[::2]/",
  ],
  "private networks": [
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://192.168.1.254:8080/",
    "http://100.64.0.1/",
    "http://100.127.255.255/",
    "http://0xc0.0xa8.0x01.0x01/",
    "http://3232235777/",
    "http://012.0.0.1/",
  ],
  "metadata and link-local": [
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0xA9.0xFE.0xA9.0xFE/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://metadata.google.internal/",
    "http://instance-data/latest",
    "http://metadata/",
  ],
  "reserved, documentation, multicast, broadcast": [
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
  ],
  "names of networks of one's own": [
    "http://foo.localhost/",
    "http://a.b.localhost./",
    "http://router.local/",
    "http://db.internal/",
    "http://nas.lan/",
    "http://fritz.home/",
    "http://x.home.arpa/",
    "http://wiki.corp/",
    "http://intranet/",
    "http://printer/",
    "http://x.test/",
    "http://kubernetes.default.svc/",
    "http://kubernetes.default/",
    "http://gateway.docker/",
    "http://abc.onion/",
  ],
  "names that answer with loopback": [
    "http://127.0.0.1.nip.io/",
    "http://app.10-0-0-1.sslip.io/",
    "http://localtest.me/",
    "http://x.lvh.me/",
    "http://LVH.ME./",
    "http://7f000001.c0a80001.rbndr.us/",
    "http://make-127-0-0-1-rr.1u.ms/",
  ],
  "user info": [
    "http://example.com@127.0.0.1/",
    "http://user:pass@example.com/",
    "http://127.0.0.1:80@example.com/",
    "http://example.com%40127.0.0.1@example.org/",
  ],
  "other slashes and spaces": [
    "http:\\\\127.0.0.1\\",
    "http:/127.0.0.1/",
    "http:127.0.0.1",
    "http:///127.0.0.1",
    "ht\ntp://127.0.0.1/",
    "  http://127.0.0.1/  ",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1?.example.com",
  ],
  "other schemes": [
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com:70/",
    "data:text/html,hi",
    "javascript:alert(1)",
    "blob:https://example.com/x",
    "ws://example.com/",
    "about:blank",
    "view-source:http://example.com",
  ],
  "no URL at all": [
    "",
    "example",
    "http://",
    "http://exa mple.com/",
    "http://[::1",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "http://.example.com/",
    `https://example.com/${"a".repeat(5000)}`,
  ],
};

const TAKEN = [
  "https://example.com/",
  "http://example.com:8080/a?b=c#d",
  "https://EXAMPLE.com./x",
  "https://münchen.de/",
  "http://1.1.1.1/",
  "http://8.8.8.8./",
  "http://11.0.0.1/",
  "http://172.15.255.255/",
  "http://172.32.0.1/",
  "http://100.63.255.255/",
  "http://100.128.0.1/",
  "http://169.253.1.1/",
  "http://192.167.1.1/",
  "http://198.20.0.1/",
  "http://223.255.255.255/",
  "http://134744072/",
  "http://[2606:4700:4700::1111]/",
  "http://[2a00:1450:4001:81b::200e]:443/",
  "http://[2001:4860:4860::8888]/",
  "https://local.example.com/",
  "https://localhost.example.com/",
  "https://internal.example.org/",
  "https://notlocaltest.me/",
];

describe("where a page may be fetched from", () => {
  for (const [trick, addresses] of Object.entries(REFUSED)) {
    it.each(addresses)(`refuses ${trick}: %s`, (address) => {
      expect(checkAddress(address)).toMatchObject({ ok: false, reason: expect.stringMatching(/./) });
    });
  }

  it("has tried well over sixty spellings", () => {
    expect(Object.values(REFUSED).flat().length).toBeGreaterThan(120);
  });

  it.each(TAKEN)("takes the public internet: %s", (address) => {
    expect(checkAddress(address)).toMatchObject({ ok: true });
  });

  it("judges a redirect by where it leads from where it is", () => {
    expect(checkAddress("//127.0.0.1/x", [], "https://example.com/")).toMatchObject({ ok: false });
    expect(checkAddress("/next", [], "https://example.com/a")).toMatchObject({ ok: true });
    expect(checkAddress("\\\\localhost\\x", [], "https://example.com/a")).toMatchObject({ ok: false });
  });

  it("lets a private host through only where it was named, with its port if that was named", () => {
    expect(checkAddress("http://127.0.0.1:8787/", ["127.0.0.1:8787"])).toMatchObject({ ok: true });
    expect(checkAddress("http://127.0.0.1:8788/", ["127.0.0.1:8787"])).toMatchObject({ ok: false });
    expect(checkAddress("http://user@127.0.0.1:8787/", ["127.0.0.1:8787"])).toMatchObject({ ok: false });
    expect(checkAddress("ftp://127.0.0.1/", ["127.0.0.1"])).toMatchObject({ ok: false });
  });
});
