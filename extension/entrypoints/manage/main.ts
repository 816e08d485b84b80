import { mountPage } from '../../lib/mount-page';
import App from './App.svelte';
import './manage.css';

mountPage(App, 'manage_title');
