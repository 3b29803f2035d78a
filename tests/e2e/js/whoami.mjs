// node whoami.mjs: print the ARN that the default chain of the SDK for JavaScript leads to.
// IAM refuses the role, and says whom: no client for STS is needed.
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";

const client = new IAMClient({ credentials: fromNodeProviderChain() });
console.log(await client.send(new ListUsersCommand({})).then(
  () => "an identity that may list users",
  (error) => error.message,
));
