/** Whether a person looks at the page. */
import { useEffect, useState, useSyncExternalStore } from "react";

function onVisibility(listener: () => void) {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}

/** Whether the tab is in view. */
export const useIsVisible = (): boolean =>
  useSyncExternalStore(onVisibility, () => document.visibilityState !== "hidden");

const signs = ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"] as const;

/** Whether a key or the pointer was used within the time; a page that is left alone must not keep its session alive. */
export function useIsAttended(withinMs: number): boolean {
  const [isAttended, setAttended] = useState(true);
  useEffect(() => {
    let timer = setTimeout(() => setAttended(false), withinMs);
    const note = () => {
      clearTimeout(timer);
      timer = setTimeout(() => setAttended(false), withinMs);
      setAttended(true);
    };
    for (const sign of signs) addEventListener(sign, note, { passive: true });
    return () => {
      clearTimeout(timer);
      for (const sign of signs) removeEventListener(sign, note);
    };
  }, [withinMs]);
  return isAttended;
}
