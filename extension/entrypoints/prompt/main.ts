import { mount } from 'svelte';
import { browser } from 'wxt/browser';
import '../../components/design.css';
import type { FromWindow, ToWindow } from '../../lib/prompt-window';
import { readSettings } from '../../lib/settings';
import { namePage, speak } from '../../lib/texts';
import App from './App.svelte';

/** Often enough that no browser thinks the worker idle while a person reads. */
const ALIVE_INTERVAL = 20_000;

const { language, softKeyboard } = await readSettings();
await speak(language);
namePage('product_name');
const port = browser.runtime.connect({ name: 'prompt' });
const send = (message: FromWindow) => port.postMessage(message);
const app = mount(App, { target: document.body, props: { send, close: () => window.close(), softKeyboard } });

port.onMessage.addListener((message: ToWindow) => app.receive(message));
const timer = setInterval(() => send({ type: 'alive' }), ALIVE_INTERVAL);
port.onDisconnect.addListener(() => {
  clearInterval(timer);
  app.receive({ gone: true });
});
