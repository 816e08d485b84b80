/** The front page: sign in by challenge. */

import { post } from './api.js';
import * as status from './status.js';
import { authenticate } from './web-eid-page.js';

const button = document.getElementById('login');

button.addEventListener('click', async () => {
  button.disabled = true;
  status.working('login');
  try {
    const { nonce } = await post('/api/challenge');
    const authToken = await authenticate(nonce, { lang: status.language });
    status.working('checking');
    await post('/api/login', { authToken });
    location.assign(`/home?lang=${status.language}`);
  } catch (error) {
    status.failed(error);
    button.disabled = false;
    button.focus();
  }
});

if (new URLSearchParams(location.search).has('left')) status.done('logout');

button.disabled = false;
