/** The holder's page: sign a document, leave. */

import { post } from './api.js';
import { localise } from './local-time.js';
import * as status from './status.js';
import { getSigningCertificate, sign } from './web-eid-page.js';

const form = document.getElementById('sign-form');
const signButton = document.getElementById('sign');
const logoutButton = document.getElementById('logout');
const result = document.getElementById('signature-result');

for (const time of document.querySelectorAll('time')) localise(time);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  signButton.disabled = true;
  result.hidden = true;
  try {
    showResult(await signDocument(form.elements.document.value, form.elements['hash-function'].value));
    status.done('sign');
  } catch (error) {
    status.failed(error);
  } finally {
    // A disabled button loses the focus; the keyboard goes on from here.
    signButton.disabled = false;
    signButton.focus();
  }
});

async function signDocument(document, hashFunction) {
  const options = { lang: status.language };
  status.working('certificate');
  const { certificate } = await getSigningCertificate(options);
  const prepared = await post('/api/sign/prepare', { document, hashFunction, certificate });
  status.working('sign');
  const signed = await sign(certificate, prepared.hash, prepared.hashFunction, options);
  status.working('checking');
  return post('/api/sign/finish', signed);
}

function showResult(signed) {
  const { cryptoAlgorithm, paddingScheme, hashFunction } = signed.signatureAlgorithm;
  const padding = paddingScheme === 'NONE' ? '' : ` ${paddingScheme}`;
  fill('signature-signer', signed.signer.name);
  fill('signature-certificate-id', signed.signer.certificateId ?? '—');
  fill('signature-algorithm', `${signed.algorithm} (${cryptoAlgorithm}${padding}, ${hashFunction})`);
  fill('signature-hash', signed.hash);
  fill('signature-value', signed.signature);
  const time = document.getElementById('signature-time');
  time.dateTime = signed.signedAt;
  localise(time);
  result.hidden = false;
}

function fill(id, text) {
  document.getElementById(id).textContent = text;
}

logoutButton.addEventListener('click', async () => {
  logoutButton.disabled = true;
  try {
    await post('/api/logout');
    location.assign(`/?lang=${status.language}&left`);
  } catch (error) {
    status.failed(error);
    logoutButton.disabled = false;
    logoutButton.focus();
  }
});

signButton.disabled = false;
logoutButton.disabled = false;
