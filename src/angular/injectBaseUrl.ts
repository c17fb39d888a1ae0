import { DOCUMENT, inject, PLATFORM_ID } from '@angular/core';
import { urlFrom } from '../targets.js';

interface Page {
  readonly baseURI: string;
  readonly URL: string;
  querySelector(selector: 'base[href]'): { getAttribute(name: 'href'): string | null } | null;
}

/** What relative URLs are relative to, in the injection context. The document of a server cannot tell. */
export function injectBaseUrl(): string {
  const page = inject<Page>(DOCUMENT);
  if (inject(PLATFORM_ID) !== 'server') return page.baseURI;
  const href = page.querySelector('base[href]')?.getAttribute('href') ?? '';
  return urlFrom(href, page.URL)?.href ?? page.URL;
}
