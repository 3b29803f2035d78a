// Judges requests with @cloud-copilot/iam-simulate: each line of standard input is an array of simulations, each line of
// standard output an array of {allowed, error} in the same order.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

async function judged(simulation) {
  const result = await runSimulation(simulation, {})
  const verdict = result.overallResult ?? result.result?.analysis?.result
  return { allowed: verdict === 'Allowed', error: result.resultType === 'error' ? result.errors : null }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = []
  for (const simulation of JSON.parse(line)) answers.push(await judged(simulation))
  process.stdout.write(JSON.stringify(answers) + '\n')
}
