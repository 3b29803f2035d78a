// node call.mjs [PROFILE]: list EC2 instances, then try IAM users, and print both outcomes as JSON.
// With a profile its credential_process is used; without one the SDK's default chain finds the credentials.
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { fromNodeProviderChain, fromProcess } from "@aws-sdk/credential-providers";

const profile = process.argv[2];
const credentials = profile ? fromProcess({ profile }) : fromNodeProviderChain();

const { Reservations = [] } = await new EC2Client({ credentials }).send(new DescribeInstancesCommand({}));
const instances = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId));
const refused = await new IAMClient({ credentials }).send(new ListUsersCommand({})).then(
  () => "",
  (error) => error.name,
);
console.log(JSON.stringify({ instances, refused }));
