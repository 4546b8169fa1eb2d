import { type Activity, type Hour, OUTCOMES } from "./activity.ts";
import { span } from "./times.tsx";

/** The last day in three small pictures. Each says its numbers in words, too, and all of them stand in a table below. */

const BAR = 10;
const GAP = 3;
const HEIGHT = 60;

export function PicturesPart({ activity }: { readonly activity: Activity }) {
  const { hours } = activity;
  const turns = sum(hours.map((hour) => hour.turns));
  const waits = sum(hours.map((hour) => hour.waits));
  const most = Math.max(0, ...hours.map((hour) => hour.medianMs ?? 0));
  return (
    <>
      <p class="soft">Out of the journals of the {activity.sessions} sessions used last.</p>
      <div class="pictures">
        <Bars
          title={`Turns an hour: ${turns} in all`}
          hours={hours}
          parts={(hour) =>
            OUTCOMES.filter((outcome) => outcome !== "recovered").map((name) => ({ name, size: hour.outcomes[name] }))
          }
        />
        <Bars
          title={`Waits an hour: ${waits} in all`}
          hours={hours}
          parts={(hour) => [{ name: "waits", size: hour.waits }]}
        />
        <Bars
          title={`How long a turn took (median): ${most === 0 ? "nothing known" : `at most ${span(most)}`}`}
          hours={hours}
          parts={(hour) => [{ name: "ms", size: hour.medianMs ?? 0 }]}
        />
      </div>
      <details id="hours">
        <summary>As a table</summary>
        <HourTable hours={hours} />
      </details>
    </>
  );
}

function Bars(props: {
  readonly title: string;
  readonly hours: readonly Hour[];
  readonly parts: (hour: Hour) => readonly { readonly name: string; readonly size: number }[];
}) {
  const columns = props.hours.map((hour) => ({ hour, parts: props.parts(hour) }));
  const tallest = Math.max(1, ...columns.map(({ parts }) => sum(parts.map(({ size }) => size))));
  const width = columns.length * (BAR + GAP);
  return (
    <figure>
      <figcaption>{props.title}</figcaption>
      <svg viewBox={`0 0 ${width} ${HEIGHT + 2}`} role="img" aria-label={`${props.title}, by the hour of the last day`}>
        <line class="axis" x1="0" x2={String(width)} y1={String(HEIGHT + 1)} y2={String(HEIGHT + 1)} />
        {columns.flatMap(({ parts }, column) => {
          let top = HEIGHT;
          return parts.map(({ name, size }) => {
            const height = (size / tallest) * HEIGHT;
            top -= height;
            const x = String(column * (BAR + GAP));
            return size > 0 ? (
              <rect class={name} x={x} y={top.toFixed(1)} width={String(BAR)} height={height.toFixed(1)} />
            ) : null;
          });
        })}
      </svg>
    </figure>
  );
}

function HourTable({ hours }: { readonly hours: readonly Hour[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Hour (UTC)</th>
          <th scope="col" class="num">
            Turns
          </th>
          <th scope="col">Outcomes</th>
          <th scope="col" class="num">
            Waits
          </th>
          <th scope="col" class="num">
            Median
          </th>
          <th scope="col" class="num">
            Slowest
          </th>
        </tr>
      </thead>
      <tbody>
        {hours
          .filter((hour) => hour.turns > 0 || hour.waits > 0 || hour.outcomes.recovered > 0)
          .map((hour) => (
            <tr>
              <th scope="row">{new Date(hour.at).toISOString().slice(11, 16)}</th>
              <td class="num">{hour.turns}</td>
              <td>
                {OUTCOMES.filter((outcome) => hour.outcomes[outcome] > 0)
                  .map((outcome) => `${outcome} ${hour.outcomes[outcome]}`)
                  .join(", ")}
              </td>
              <td class="num">{hour.waits}</td>
              <td class="num">{hour.medianMs === null ? "—" : span(hour.medianMs)}</td>
              <td class="num">{hour.slowestMs === null ? "—" : span(hour.slowestMs)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
