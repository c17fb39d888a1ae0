import { bootstrapApplication } from '@angular/platform-browser';
import { App } from './app/app';
import { appConfig } from './app/appConfig';
import { arrival } from './signIn/arrival';

bootstrapApplication(App, appConfig(arrival())).catch((error: unknown) => console.error(error));
