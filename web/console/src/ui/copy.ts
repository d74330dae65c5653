/** Puts a text on the clipboard, and says so. */
import { toast } from "./toast.tsx";

/** @param what "agent id"; never the text itself, which can be a secret */
export async function copy(value: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
    toast(`Copied the ${what}.`);
  } catch {
    toast("The browser does not allow copying here. Select the text and copy it.", "bad");
  }
}
