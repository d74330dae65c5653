/** 412: the record has changed since it was read. Both versions, and the choice. */
import { Button } from "./button.tsx";

export interface Difference {
  readonly label: string;
  readonly yours: string;
  readonly theirs: string;
}

interface ChangedProps {
  /** "This agent" */
  readonly what: string;
  readonly differences: readonly Difference[];
  /** Saves yours over the newer version. */
  readonly onSaveAgain: () => void;
  /** Keeps the newer version. */
  readonly onLeave: () => void;
  readonly isRunning: boolean;
}

export function ChangedMeanwhile({ what, differences, onSaveAgain, onLeave, isRunning }: ChangedProps) {
  return (
    <div className="state warn" role="alert">
      <h2>{what} has changed meanwhile</h2>
      <p>It was changed after you opened it. Nothing of yours is saved yet.</p>
      <div className="table-frame">
        <table>
          <caption className="hidden">Both versions</caption>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Yours</th>
              <th scope="col">Saved meanwhile</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ label, yours, theirs }) => (
              <tr key={label}>
                <th scope="row" data-label="Field">
                  {label}
                </th>
                <td data-label="Yours">{yours}</td>
                <td data-label="Saved meanwhile">{theirs}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="actions">
        <Button look="main" isBusy={isRunning} onClick={onSaveAgain}>
          Save mine
        </Button>
        <Button onClick={onLeave}>Keep theirs</Button>
      </p>
    </div>
  );
}
