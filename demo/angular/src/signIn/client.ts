/** Who this application is to the authorization server, and where that is. */
export const client = {
  issuer: `${location.origin}/oidc`,
  clientId: 'rx-token-demo',
};

export const redirectUri = `${location.origin}/`;
