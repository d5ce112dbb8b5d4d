// Passkeys: what the server sends and wants is JSON with base64url, what the
// browser wants and gives is bytes.

export const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
export const text = (buffer: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')

interface Descriptor { id: string; type: PublicKeyCredentialType; transports?: AuthenticatorTransport[] }
export interface CreationJSON { challenge: string; user: { id: string; name: string; displayName: string }; excludeCredentials?: Descriptor[]; [key: string]: unknown }
export interface RequestJSON { challenge: string; allowCredentials?: Descriptor[]; [key: string]: unknown }

const descriptors = (list: Descriptor[] | undefined): PublicKeyCredentialDescriptor[] => (list ?? []).map((d) => ({ ...d, id: bytes(d.id) }))
/** inner unwraps {publicKey: …}, as servers send either. */
const inner = <T>(options: T | { publicKey: T }): T => (typeof options === 'object' && options !== null && 'publicKey' in options ? options.publicKey : options) as T

export function creationOptions(options: CreationJSON | { publicKey: CreationJSON }): PublicKeyCredentialCreationOptions {
  const o = inner<CreationJSON>(options)
  return { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: descriptors(o.excludeCredentials) } as unknown as PublicKeyCredentialCreationOptions
}

export function requestOptions(options: RequestJSON | { publicKey: RequestJSON }): PublicKeyCredentialRequestOptions {
  const o = inner<RequestJSON>(options)
  return { ...o, challenge: bytes(o.challenge), allowCredentials: descriptors(o.allowCredentials) } as unknown as PublicKeyCredentialRequestOptions
}

/** credentialJSON is what PublicKeyCredential.toJSON() gives, also where a browser lacks it. */
export function credentialJSON(credential: PublicKeyCredential): unknown {
  if (typeof credential.toJSON === 'function') return credential.toJSON()
  const base = { id: credential.id, rawId: text(credential.rawId), type: credential.type, authenticatorAttachment: credential.authenticatorAttachment, clientExtensionResults: credential.getClientExtensionResults() }
  const r = credential.response
  if (r instanceof AuthenticatorAttestationResponse) return { ...base, response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports() } }
  const a = r as AuthenticatorAssertionResponse
  return { ...base, response: { clientDataJSON: text(a.clientDataJSON), authenticatorData: text(a.authenticatorData), signature: text(a.signature), userHandle: a.userHandle ? text(a.userHandle) : undefined } }
}

/** canPasskey is false in browsers without passkeys and on addresses that are not secure. */
export const canPasskey = (): boolean => typeof PublicKeyCredential !== 'undefined' && 'credentials' in navigator

/** createPasskey asks the browser for a new passkey; null when the person changed their mind. */
export const createPasskey = (options: CreationJSON | { publicKey: CreationJSON }): Promise<unknown> => ask(() => navigator.credentials.create({ publicKey: creationOptions(options) }))
/** usePasskey asks the browser to sign with a passkey; null when the person changed their mind. */
export const usePasskey = (options: RequestJSON | { publicKey: RequestJSON }): Promise<unknown> => ask(() => navigator.credentials.get({ publicKey: requestOptions(options) }))

async function ask(f: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await f()
    return credential ? credentialJSON(credential as PublicKeyCredential) : null
  } catch (err) {
    if (err instanceof DOMException && (err.name === 'NotAllowedError' || err.name === 'AbortError')) return null
    throw err
  }
}
