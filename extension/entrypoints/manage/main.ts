import { mount } from 'svelte';
import '../../components/design.css';
import { namePage } from '../../lib/texts';
import App from './App.svelte';

namePage('manage_title');
mount(App, { target: document.body });
