/** device says in few words what a browser says of itself: "Chrome · Windows". */
export function device(agent: string): { name: string; phone: boolean } {
  const browser = [['Edg', 'Edge'], ['OPR', 'Opera'], ['coc_coc', 'Cốc Cốc'], ['Firefox', 'Firefox'], ['Chrome', 'Chrome'], ['Safari', 'Safari']].find(([mark]) => agent.includes(mark as string))?.[1]
  const system = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['Linux', 'Linux']].find(([mark]) => agent.includes(mark as string))?.[1]
  const name = [browser, system].filter(Boolean).join(' · ')
  return { name: name || (agent.split(/[\s/]/)[0] ?? ''), phone: /Mobile|Android|iPhone/.test(agent) }
}
