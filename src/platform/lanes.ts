/**
 * Does the same work for many items, at most `width` of them concurrently.
 *
 * @returns the results, in the order in which the work ended. Rejects with the first work that rejects
 */
export async function inLanes<In, Out>(
  width: number,
  items: readonly In[],
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const waiting = items.values();
  const done: Out[] = [];
  const lane = async () => {
    for (const item of waiting) done.push(await work(item));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return done;
}
