import { describe, expect, it } from 'vitest'
import { type Draft, draftFor, errorPath, fieldsOf, fromText, idOf, plain, position, type PreviewRow, type Schema, seconds, shownFields, thingOf, tidy, toText, unknownKeys, withFields, wordAt, wrongWith } from './model'

const schema: Schema = {
  type: 'object', order: ['protocol', 'path', 'host', 'port', 'headers'], required: ['path'],
  properties: { protocol: { type: 'string', enum: ['folder', 'sftp'], default: 'folder' }, path: { type: 'string' }, host: { type: 'string', when: { protocol: 'sftp,ftp' } }, port: { type: 'integer', when: { protocol: 'sftp' } }, headers: { type: 'object', additionalProperties: { type: 'string' } } },
}
const draft = (more: Partial<Draft> = {}): Draft => ({ key: 'R1', name: 'Suối Đá', lon: '108.25', lat: '16.09', property: 'rain', unit: 'mm', resolution: '0.1', rhythm: '10m', skip: false, made: false, error: '', ...more })

describe('forms', () => {
  it('show a field only where it matters, defaults included', () => {
    expect(shownFields(schema, {})).toEqual(['protocol', 'path', 'headers'])
    expect(shownFields(schema, { protocol: 'sftp' })).toEqual(['protocol', 'path', 'host', 'port', 'headers'])
  })
  it('put what is needed first', () => expect(plain(schema, ['protocol', 'path', 'headers'], { protocol: 'sftp' })).toEqual(['protocol', 'path']))
  it.each([
    [{ type: 'integer' }, '22', 22],
    [{ type: 'number' }, '0,5', 0.5],
    [{ type: 'integer' }, 'abc', 'abc'],
    [{ type: 'string' }, '  ', undefined],
    [{ type: 'array', items: { type: 'string' } }, 'a/+\n\n b/# ', ['a/+', 'b/#']],
    [{ type: 'object', additionalProperties: { type: 'string' } }, 'X-Key: a:b', { 'X-Key': 'a:b' }],
  ] as [Schema, string, unknown][])('read %j from %j', (s, text, want) => expect(fromText(s, text)).toEqual(want))
  it('write what they read', () => {
    expect(toText({ type: 'array' }, ['a', 'b'])).toBe('a\nb')
    expect(toText({ type: 'object' }, { 'X-Key': 'a:b' })).toBe('X-Key: a:b')
    expect(toText({ type: 'string' }, undefined)).toBe('')
  })
})

describe('mappings', () => {
  it('hold one reading in themselves and several in fields', () => {
    const one = withFields({ format: 'json', value: 'old' }, [{ datastream: 'code', value: 'depth' }])
    expect(one).toEqual({ format: 'json', datastream: 'code', value: 'depth' })
    expect(fieldsOf(one)).toEqual([{ datastream: 'code', value: 'depth' }])
    const two = withFields(one, [{ value: 'a' }, { value: 'b' }])
    expect(two).toEqual({ format: 'json', fields: [{ value: 'a' }, { value: 'b' }] })
    expect(fieldsOf(two)).toHaveLength(2)
    expect(fieldsOf({})).toEqual([{}])
  })
  it('name errors as the server does', () => {
    expect(errorPath(0, 1, 'value')).toBe('value')
    expect(errorPath(1, 2, 'value')).toBe('fields[1].value')
  })
  it('tidy away what is empty', () => expect(tidy({ format: '', records: 'data', no_header: false, skip_rows: 0, fields: [{ value: 'a', unit: '' }] })).toEqual({ records: 'data', skip_rows: 0, fields: [{ value: 'a' }] }))
  it.each([['at position 7: unexpected token', 7], ['ở vị trí 12: …', 12], ['no', null]])('position of %j', (d, want) => expect(position(d)).toBe(want))
  it('complete the word at the caret, paths and Vietnamese too', () => {
    expect(wordAt('number(data.dep', 15)).toEqual({ start: 7, word: 'data.dep' })
    expect(wordAt('mực', 3)).toEqual({ start: 0, word: 'mực' })
    expect(wordAt('1 + ', 4)).toEqual({ start: 4, word: '' })
  })
})

describe('stations', () => {
  const row = (more: Partial<PreviewRow>): PreviewRow => ({ datastream: '', key: 'R1', time: null, value: 1, unit: 'mm', flags: [], verdict: 'rejected', code: 'ingest.datastream_unknown', detail: '', ...more })
  it('are wanted for keys that nobody knows, each once', () => expect(unknownKeys([row({}), row({}), row({ key: 'R2', name: 'known', code: '', verdict: 'accepted' }), row({ key: 'R3' }), row({ key: 'R4', code: 'ingest.value' })])).toEqual(['R1', 'R3']))
  it('are proposed by the template', () => {
    const template = { id: 't', title: { vi: '', en: '' }, notes: { vi: '', en: '' }, kind: 'mqtt', config: null, mapping: null, sample: '', sample_name: '', datastreams: [{ key: 'a.*', property: 'rain', unit: 'mm', unit_name: '', resolution: 0.2, rhythm: '5m', title: { vi: '', en: '' } }] }
    expect(draftFor('a.1', template, '')).toMatchObject({ property: 'rain', unit: 'mm', resolution: '0.2', rhythm: '5m' })
    expect(draftFor('ax1', template, 'mm')).toMatchObject({ property: 'rain', rhythm: '10m' })
    expect(draftFor('x', null, '')).toMatchObject({ property: 'water_level', unit: 'm' })
  })
  it.each([[{}, ''], [{ name: ' ' }, 'connect.wrong.name'], [{ lon: '' }, 'connect.wrong.place'], [{ lat: '160' }, 'connect.wrong.place'], [{ resolution: '0' }, 'connect.wrong.resolution'], [{ rhythm: 'soon' }, 'connect.wrong.rhythm'], [{ lon: '', skip: true }, '']])('lack %j', (more, want) => expect(wrongWith(draft(more))).toBe(want))
  it.each([['10m', 600], ['1h', 3600], ['30', 30], ['1,5 giờ', 5400], ['', 0], ['x', null]])('rhythm %j is %s s', (text, want) => expect(seconds(text)).toBe(want))
  it('become SensorThings entities', () => {
    const t = thingOf(draft({ lat: '16,09' }), 'mua', 'real', 's') as { '@iot.id': string; Locations: { location: { coordinates: number[] } }[]; Datastreams: { properties: object }[] }
    expect(t['@iot.id']).toBe('mua-r1')
    expect(t.Locations[0]?.location.coordinates).toEqual([108.25, 16.09])
    expect(t.Datastreams[0]?.properties).toEqual({ source: 'mua', key: 'R1', resolution: 0.1, rhythm_seconds: 600, provenance: 'real' })
  })
  it('idOf folds Vietnamese', () => expect(idOf('Trạm Suối Đá (1)')).toBe('tram-suoi-da-1'))
})
