import { mount } from 'svelte';
import '../../components/design.css';
import { readEndedAddress } from '../../lib/ended-address';
import { readSettings } from '../../lib/settings';
import { namePage, speak } from '../../lib/texts';
import App from './App.svelte';

const { language } = await readSettings();
await speak(language);
namePage('ended_title');
mount(App, {
  target: document.body,
  props: { ended: readEndedAddress(location.hash), open: (url: string) => location.replace(url) },
});
