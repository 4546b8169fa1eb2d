import type { PoolView } from "../session/ports.ts";
import { Since, Until } from "./times.tsx";

type CredentialView = PoolView["credentials"][number];

/** The credential pools: who is ready, who rests until when and why, and a button that makes them ready at once. */
export function PoolsPart({ pools }: { readonly pools: readonly PoolView[] }) {
  if (pools.length === 0) return <p>No provider has a key.</p>;
  return (
    <>
      {pools.map((pool) => (
        <PoolTable pool={pool} />
      ))}
    </>
  );
}

function PoolTable({ pool: { provider, credentials } }: { readonly pool: PoolView }) {
  const resting = credentials.filter(({ state }) => state !== "ready").length;
  return (
    <table>
      <caption>
        <strong>{provider}</strong>: {credentials.length - resting} of {credentials.length} ready
        {resting > 1 && (
          <>
            {" "}
            <button
              type="button"
              id={`lift-${provider}`}
              data-post={`/admin/pools/${encodeURIComponent(provider)}/reset`}
              data-done={`${provider}: all credentials are ready.`}
            >
              Lift all of {provider}
            </button>
          </>
        )}
      </caption>
      <thead>
        <tr>
          <th scope="col">Credential</th>
          <th scope="col">State</th>
          <th scope="col" class="wide num">
            Leases
          </th>
          <th scope="col" class="wide num">
            Uses
          </th>
          <th scope="col" class="wide">
            Last used
          </th>
          <th scope="col">
            <span class="soft">Do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {credentials.map((credential) => (
          <CredentialRow provider={provider} credential={credential} />
        ))}
      </tbody>
    </table>
  );
}

function CredentialRow(props: { readonly provider: string; readonly credential: CredentialView }) {
  const { provider, credential } = props;
  const { id, state, until, reason } = credential;
  return (
    <tr>
      <th scope="row">
        <code>{id}</code>
      </th>
      <td>
        <span class={`state ${state}`}>{state}</span>
        <span class="soft">
          {reason && ` ${reason}`}
          {until !== null && (
            <>
              , ready <Until at={until} />
            </>
          )}
        </span>
      </td>
      <td class="wide num">{credential.leases}</td>
      <td class="wide num">{credential.uses}</td>
      <td class="wide">
        {credential.lastUsedAt === null ? "never" : <Since at={credential.lastUsedAt} after=" ago" />}
      </td>
      <td>
        {state !== "ready" && (
          <button
            type="button"
            id={`lift-${provider}-${id}`}
            data-post={`/admin/pools/${encodeURIComponent(provider)}/${encodeURIComponent(id)}/reset`}
            data-done={`${provider} ${id}: ready.`}
            aria-label={`Lift ${provider} ${id}`}
          >
            Lift
          </button>
        )}
      </td>
    </tr>
  );
}
