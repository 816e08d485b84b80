// Answers as another product would: an ack at once, and a final reply that tests recognise as not ours.
const ACTIONS = ['web-eid:status', 'web-eid:authenticate', 'web-eid:get-signing-certificate', 'web-eid:sign'];

window.addEventListener('message', ({ source, data, origin }) => {
  const action = data?.action;
  if (source !== window || !ACTIONS.includes(action)) return;
  window.postMessage({ action: `${action}-ack` }, origin);
  const error = { code: 'ERR_WEBEID_NATIVE_FATAL', message: 'the other extension' };
  setTimeout(() => window.postMessage({ action: `${action}-failure`, error }, origin), 500);
});
