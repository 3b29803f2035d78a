// Judges requests with @cloud-copilot/iam-simulate: an array of simulations on standard input, an array of
// {allowed, error} on standard output, in the same order.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const answers = []
for (const simulation of JSON.parse(readFileSync(0, 'utf8'))) {
  const result = await runSimulation(simulation, {})
  const verdict = result.overallResult ?? result.result?.analysis?.result
  answers.push({ allowed: verdict === 'Allowed', error: result.resultType === 'error' ? result.errors : null })
}
process.stdout.write(JSON.stringify(answers))
