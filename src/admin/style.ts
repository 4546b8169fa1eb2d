/** The one style sheet of the pages the Worker serves. Light and dark, phone first, no font or picture from elsewhere. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#16181d;--soft:#5a6270;--line:#dfe3e8;--accent:#1f5fd0;
--good:#1a7f45;--warm:#9a5b00;--bad:#b3261e;--calm:#5d6b82}
@media (prefers-color-scheme:dark){:root{--ground:#111318;--card:#1a1d24;--ink:#e8eaee;--soft:#a3abb9;--line:#2e333d;
--accent:#8ab4ff;--good:#5fd08f;--warm:#f0b35a;--bad:#ff8a80;--calm:#94a3bd}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main,header.top{max-width:72rem;margin:0 auto;padding:1rem}
main.narrow{max-width:30rem;padding-top:12vh}
header.top{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline;padding-bottom:0}
h1{font-size:1.25rem;margin:0}h2{font-size:1rem;margin:0 0 .5rem}h3{font-size:.9rem;margin:.5rem 0}
p{margin:.25rem 0 .75rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin:0 0 1rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:500;font-size:.85rem;white-space:nowrap}
tbody th{font-weight:500}tr:last-child>*{border-bottom:0}
caption{text-align:left;color:var(--soft);font-size:.85rem;padding-bottom:.25rem}
.num{text-align:right;font-variant-numeric:tabular-nums}
code,.mono{font:.85em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
a{color:var(--accent)}
.soft{color:var(--soft);font-size:.875rem}.bad{color:var(--bad)}
.state{display:inline-block;font-size:.8rem;font-weight:600;white-space:nowrap}
.state::before{content:"";display:inline-block;width:.6em;height:.6em;border-radius:50%;background:currentColor;margin-right:.4em}
.idle,.ready-none{color:var(--calm)}.running,.ready,.answered{color:var(--good)}.waiting,.gathering,.cooling,.stopped,.reset,.recovered{color:var(--warm)}
.disabled,.failed,.exhausted,.timed_out{color:var(--bad)}
button,input{font:inherit;color:inherit;border:1px solid var(--line);border-radius:.4rem;padding:.4rem .8rem;background:var(--ground)}
button{cursor:pointer;min-height:2.25rem}button.danger{color:var(--bad)}button:disabled{opacity:.5;cursor:default}
input{width:100%;margin:.25rem 0 .75rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.actions{display:flex;flex-wrap:wrap;gap:.5rem;margin:.5rem 0}
.pictures{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))}
figure{margin:0}figcaption{font-size:.85rem;color:var(--soft)}
svg{display:block;width:100%;height:auto}
svg .answered,svg .ms{fill:var(--good)}svg .stopped,svg .reset,svg .waits{fill:var(--warm)}
svg .failed,svg .exhausted,svg .timed_out{fill:var(--bad)}svg .axis{stroke:var(--line);stroke-width:1}
ol.story{list-style:none;margin:0;padding:0 0 0 .75rem;border-left:2px solid var(--line)}
ol.story li{padding:.3rem 0 .3rem .5rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:30rem;overflow:auto;font-size:.85rem}
.said{position:fixed;left:0;right:0;bottom:0;margin:0;padding:.6rem 1rem;background:var(--ink);color:var(--ground)}
.said:empty{display:none}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem;z-index:1}
.phone{display:none}
form.find{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:0 0 1rem}form.find input{flex:1;min-width:8rem;max-width:24rem;margin:0;background:var(--card)}
ul.plain{padding-left:1.1rem;margin:.25rem 0 .75rem}
@media (max-width:40rem){.wide{display:none}.phone{display:block}main,header.top{padding:.75rem}section{padding:.75rem}th,td{padding-right:.5rem}}
@media (prefers-reduced-motion:no-preference){.running::before{animation:beat 1.6s ease-in-out infinite}@keyframes beat{50%{opacity:.3}}}
`;
