/** Modal dialogs: the `<dialog>` of the platform, which keeps the focus inside and gives it back. */
import { type ReactNode, useEffect, useId, useRef } from "react";

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Escape, or the close button */
  readonly onClose: () => void;
  /** Only an act inside closes it: neither Escape nor the back of the dialog. */
  readonly isForced?: boolean;
}

/** Shown as long as it is rendered. */
export function Dialog({ title, children, onClose, isForced = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    if (element && !element.open) element.showModal();
    return () => {
      element?.close();
      // The platform gives the focus back when it closes a dialog, but not when the dialog is removed.
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        if (!isForced) onClose();
      }}
      onClose={() => {
        // A browser lets a second Escape through, whatever the page says to the first.
        if (isForced) dialog.current?.showModal();
        else onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        {!isForced && (
          <button type="button" className="button quiet" onClick={onClose}>
            Close
          </button>
        )}
      </div>
      {children}
    </dialog>
  );
}
