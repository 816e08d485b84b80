import { mount } from 'svelte';
import '../../components/design.css';
import { readEndedAddress } from '../../lib/ended-address';
import { namePage } from '../../lib/texts';
import App from './App.svelte';

namePage('ended_title');
mount(App, {
  target: document.body,
  props: { ended: readEndedAddress(location.hash), open: (url: string) => location.replace(url) },
});
