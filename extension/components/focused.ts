/** Attachment: takes the focus as soon as it is on the page, also where something else had it. */
export function focused(element: HTMLElement): void {
  element.focus();
}
