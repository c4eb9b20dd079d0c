"""CloudFront, as far as infra/cdn.tf goes.

moto knows neither cache policies nor VPC origins, and gives distributions back changed. Here each
thing is kept as it was sent, and given back with what AWS adds.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.cloudfront import urls
from moto.cloudfront.exceptions import EntityNotFound, NoSuchDistribution
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

KINDS = {  # the part of a thing that is sent, and what is missing when it is gone
    "cache_policy": ("CachePolicy", "CachePolicyConfig", EntityNotFound),
    "distribution": ("Distribution", "DistributionConfig", NoSuchDistribution),
    "vpc_origin": ("VpcOrigin", "VpcOriginEndpointConfig", EntityNotFound),
}
NONE = {"Enabled": False, "Quantity": 0}
THINGS: dict[str, dict[str, Any]] = {}
Method = Callable[[CloudFrontResponse], ActionResult]


def answer(kind: str, thing: dict[str, Any]) -> ActionResult:
    return ActionResult({kind: thing, "ETag": thing["Id"]})


def create(kind: str, config: str) -> Method:
    def method(response: CloudFrontResponse) -> ActionResult:
        sent = {"OriginGroups": NONE} | response._get_param(config)
        name = f"E{uuid.uuid4().hex[:13].upper()}"
        arn = f"arn:aws:cloudfront::{response.current_account}:{kind.lower()}/{name}"
        THINGS[name] = {
            "Id": name, config.rpartition(".")[2]: sent, "LastModifiedTime": datetime.now(UTC),
            "CreatedTime": datetime.now(UTC), "Status": "Deployed", "ARN": arn, "Arn": arn,
            "DomainName": f"{name.lower()}.cloudfront.net", "InProgressInvalidationBatches": 0,
            "ActiveTrustedSigners": NONE, "ActiveTrustedKeyGroups": NONE,
        }  # fmt: skip
        tags = response._get_param(f"{config.rpartition('.')[0]}.Tags" if "." in config else "Tags")
        response.backend.tagger.tag_resource(arn, (tags or {}).get("Items") or [])
        return answer(kind, THINGS[name])

    return method


def get(kind: str, missing: type[Exception]) -> Method:
    def method(response: CloudFrontResponse) -> ActionResult:
        name = response._get_param("Id")
        if name not in THINGS:
            raise missing()
        return answer(kind, THINGS[name])

    return method


def update(kind: str, config: str) -> Method:
    def method(response: CloudFrontResponse) -> ActionResult:
        thing = THINGS[response._get_param("Id")]
        thing[config] = {"OriginGroups": NONE} | response._get_param(config)
        return answer(kind, thing)

    return method


def delete(response: CloudFrontResponse) -> ActionResult:
    del THINGS[response._get_param("Id")]
    return EmptyResult()


for action, (kind, config, missing) in KINDS.items():
    setattr(CloudFrontResponse, f"create_{action}", create(kind, config))
    setattr(CloudFrontResponse, f"get_{action}", get(kind, missing))
    setattr(CloudFrontResponse, f"update_{action}", update(kind, config))
    setattr(CloudFrontResponse, f"delete_{action}", delete)
CloudFrontResponse.create_distribution_with_tags = create(
    "Distribution", "DistributionConfigWithTags.DistributionConfig"
)
for path in ("cache-policy", "vpc-origin"):
    for rest in ("", "/(?P<thing_id>[^/]+)"):
        urls.url_paths[f"{{0}}/2020-05-31/{path}{rest}$"] = CloudFrontResponse.dispatch
