/** The page of a connection by certificate: a request of the script's own. */

import { get } from './api.js';
import { localise } from './local-time.js';
import * as status from './status.js';

for (const time of document.querySelectorAll('time')) localise(time);

try {
  const { certificateId } = await get('/api/me');
  if ((certificateId ?? '—') !== document.getElementById('certificate-id').textContent) {
    throw Object.assign(new Error('another certificate'), { code: 'signer_differs' });
  }
  status.done('tls');
} catch (error) {
  status.failed(error);
}
