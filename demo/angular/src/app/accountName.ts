import type { Credentials } from 'rx-token';

/** Whom the ID token names. It came from the authorization server itself, which is why nobody checks it here. */
export function accountName(credentials: Credentials | null): string | undefined {
  const [, payload] = credentials?.id_token?.split('.') ?? [];
  if (!payload) return undefined;
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
    char.charCodeAt(0),
  );
  const { name } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly name?: string };
  return name;
}
