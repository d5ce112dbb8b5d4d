// As much of MQTT 3.1.1 as a device needs to publish one message with QoS 1.
import { connect } from 'node:net'

const text = (s: string): Buffer => {
  const b = Buffer.from(s, 'utf8')
  return Buffer.concat([Buffer.from([b.length >> 8, b.length & 255]), b])
}

function packet(head: number, body: Buffer): Buffer {
  const length: number[] = []
  let n = body.length
  do {
    length.push((n % 128) | (n > 127 ? 128 : 0))
    n = Math.floor(n / 128)
  } while (n > 0)
  return Buffer.concat([Buffer.from([head, ...length]), body])
}

/** publish returns when the broker has acknowledged, that is: when the message is on its disk. */
export function publish(address: string, username: string, password: string, topic: string, payload: string): Promise<void> {
  const [host = '127.0.0.1', port = '1883'] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host)
    const fail = (why: string): void => {
      socket.destroy()
      reject(new Error(why))
    }
    socket.setTimeout(10_000, () => fail('the broker is silent'))
    socket.on('error', reject)
    socket.on('close', () => fail('the broker hung up'))
    socket.on('connect', () => socket.write(packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 0xc2, 0, 30]), text('e2e'), text(username), text(password)]))))
    socket.on('data', (b) => {
      if (b[0] === 0x20) {
        if (b[3] !== 0) return fail(`the broker refuses us: ${b[3]}`)
        socket.write(packet(0x32, Buffer.concat([text(topic), Buffer.from([0, 1]), Buffer.from(payload)])))
      } else if (b[0] === 0x40) {
        socket.removeAllListeners('close')
        socket.end(Buffer.from([0xe0, 0]))
        resolve()
      }
    })
  })
}
