/** What holds the place of something that is being read: of its final size, and visible only when it takes longer than 200 ms. */

interface SkeletonProps {
  /** How many lines of text, or rows of a table, will be there */
  readonly lines?: number;
  /** `cards`: figures in a grid */
  readonly look?: "lines" | "cards";
}

export function Skeleton({ lines = 5, look = "lines" }: SkeletonProps) {
  return (
    <div className={`skeleton ${look}`} aria-busy="true" role="status">
      <span className="hidden">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike.
        <span key={index} className="bone" aria-hidden="true" />
      ))}
    </div>
  );
}
