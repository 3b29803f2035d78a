"""The table of provisioning: users without permissions, roles from reviewed templates."""

from chalicelib.cleanup.handlers.function import CleanupBody
from chalicelib.contract.answers import provisioning as answers
from chalicelib.contract.answers.cleanup import CleanupReport
from chalicelib.contract.openapi.operations import Operation
from chalicelib.contract.openapi.parameters import IDEMPOTENT, DryRun
from chalicelib.provisioning.handlers.bodies import TemplateBody, UserBody
from chalicelib.provisioning.handlers.me import CodesBody, KeyStatusBody

OPERATIONS = (
    Operation(
        id="putUser",
        route="PUT /v1/users/{name}",
        summary="Make an IAM user without permissions, or bring one up to date.",
        body=UserBody,
        headers=IDEMPOTENT,
        answers={200: answers.MadeUser, 201: answers.MadeUser},
        errors=(404, 409),
    ),
    Operation(
        id="showUser",
        route="GET /v1/users/{name}",
        summary="Show a user as IAM has them now.",
        answers={200: answers.User},
        errors=(404,),
    ),
    Operation(
        id="deleteUser",
        route="DELETE /v1/users/{name}",
        summary="Delete a user that the broker made; answers them as they were, and the roles that name them.",
        answers={200: answers.DeletedUser},
        errors=(404, 409),
    ),
    Operation(
        id="resetMfa",
        route="DELETE /v1/users/{name}/mfa-devices",
        summary="Remove the MFA devices of a user who lost them.",
        answers={200: answers.ResetMfa},
        errors=(404, 409),
    ),
    Operation(
        id="restoreKeys",
        route="POST /v1/users/{name}/access-keys/restore",
        summary="Activate the access keys of a user that clean-up deactivated.",
        answers={200: answers.RestoredKeys},
        errors=(404, 409),
    ),
    Operation(
        id="showMe",
        route="GET /v1/me",
        summary="Show the caller's own keys and devices.",
        answers={200: answers.Me},
        errors=(404,),
    ),
    Operation(
        id="makeOwnKey",
        route="POST /v1/me/access-keys",
        summary="Make a second access key for the caller, or the first.",
        answers={201: answers.AccessKey},
        errors=(409,),
    ),
    Operation(
        id="setOwnKeyStatus",
        route="PATCH /v1/me/access-keys/{key_id}",
        summary="Deactivate a key of the caller, or activate it again.",
        body=KeyStatusBody,
        answers={200: answers.ChangedKey},
        errors=(404, 409),
    ),
    Operation(
        id="deleteOwnKey",
        route="DELETE /v1/me/access-keys/{key_id}",
        summary="Delete a key of the caller.",
        answers={200: answers.ChangedKey},
        errors=(404, 409),
    ),
    Operation(
        id="makeOwnDevice",
        route="POST /v1/me/mfa-devices",
        summary="Make a virtual MFA device for the caller.",
        answers={201: answers.NewDevice},
        errors=(409,),
    ),
    Operation(
        id="enableOwnDevice",
        route="POST /v1/me/mfa-devices/{name}/enable",
        summary="Enable a device by two of its codes.",
        body=CodesBody,
        answers={200: answers.NamedDevice},
        errors=(404, 409),
    ),
    Operation(
        id="removeOwnDevice",
        route="DELETE /v1/me/mfa-devices/{name}",
        summary="Remove a device of the caller.",
        answers={200: answers.NamedDevice},
        errors=(404, 409),
    ),
    Operation(
        id="renewOwnPassword",
        route="POST /v1/me/password",
        summary="Give the caller a new one-time console password.",
        answers={201: answers.NewPassword},
        errors=(409,),
    ),
    Operation(
        id="putRole",
        route="PUT /v1/roles/{name}",
        summary="Apply a role template, or only say what would change.",
        body=TemplateBody,
        query={"dry_run": DryRun},
        answers={200: answers.AppliedRole, 201: answers.AppliedRole},
        errors=(404, 409),
    ),
    Operation(
        id="deleteRole",
        route="DELETE /v1/roles/{name}",
        summary="Delete a role; answers the export from which it can be restored.",
        answers={200: answers.DeletedRole},
        errors=(404, 409),
    ),
    Operation(
        id="restoreRole",
        route="POST /v1/roles/{name}/restore",
        summary="Bring back a deleted or quarantined role.",
        answers={200: answers.RestoredRole},
        errors=(404, 409),
    ),
    Operation(
        id="rehearseCleanup",
        route="POST /v1/cleanup",
        summary="Say which roles are stale and what a clean-up run would do to them.",
        body=CleanupBody,
        answers={200: CleanupReport},
        errors=(404,),
    ),
)
