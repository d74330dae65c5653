/**
 * Does the same work for many items, with limited concurrency.
 *
 * @param width the most items at once
 * @returns the results, in the order in which the work ended. Rejects with the first work that rejects
 *
 * @example
 * ```ts
 * const answers = await inLanes(20, organizations, (id) => ledgerOf(context, id).ping());
 * ```
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
