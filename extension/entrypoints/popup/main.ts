import { mount } from 'svelte';
import '../../components/design.css';
import { namePage } from '../../lib/texts';
import App from './App.svelte';

namePage('product_name');
mount(App, { target: document.body });
