/**
 * Attachment for a form with a PIN: its submit event comes as always, but the browser does not take part in it.
 *
 * Firefox offers to save the password of every form that it submits itself, whatever `autocomplete` says and even where the page prevents the default; it looks
 * before the event. Enter in a field reaches the form as a click on its submit button too, so one listener meets both.
 */
export function noPasswordSaving(form: HTMLFormElement): () => void {
  const answer = (event: Event) => {
    if (!(event.target instanceof Element) || !event.target.closest('button[type="submit"]')) return;
    event.preventDefault();
    form.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
  };
  form.addEventListener('click', answer);
  return () => form.removeEventListener('click', answer);
}
