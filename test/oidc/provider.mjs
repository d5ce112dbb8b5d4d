// A certified OpenID provider (npm oidc-provider) with its own sign-in forms.
// Whoever signs in as NAME is NAME@danang.example. It prints its address in
// one line and runs until its input ends.
import { createServer } from 'node:http';
import { once } from 'node:events';
import Provider from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'ioc',
    client_secret: 'a secret of the tests',
    redirect_uris: [process.env.REDIRECT_URI],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Người ${id}`, preferred_username: id, email: `${id}@danang.example`, email_verified: true }),
  }),
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ['of the tests'] },
});
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer }));

process.stdin.on('end', () => process.exit(0)).resume();
