"""The operators' service as a client sees it: JSON in, JSON out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.message import Message
from grants.webhooks.v1 import webhooks_pb2 as pb
from grants.webhooks.v1 import webhooks_pb2_grpc

from services.runtime import tracing
from services.runtime.client import translated
from services.runtime.convert import body
from services.runtime.tls import PLAIN, Tls

_CALL_SECONDS = 30.0
"""A test may take as long as an attempt."""


class WebhooksClient:
    """Talks to the process that writes the feed, at `address`, as whoever `token` speaks for.

    Every call raises RejectedError if the service says no, and UnreachableError if it does not answer.
    """

    def __init__(self, address: str, token: Callable[[], str], tls: Tls = PLAIN) -> None:
        self._channel = tls.channel(address)
        self._address, self._token = address, token
        self._stub = webhooks_pb2_grpc.WebhookServiceStub(self._channel)

    def add(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Add an endpoint, described by the members of `AddEndpointRequest`; gives it and its key."""
        return self._call(self._stub.AddEndpoint, pb.AddEndpointRequest(**members))

    def endpoints(self) -> Sequence[dict[str, Any]]:
        """All endpoints."""
        return list(self._call(self._stub.ListEndpoints, pb.ListEndpointsRequest()).get("endpoints", []))

    def rotate(self, endpoint_id: str, *, overlap_hours: int, scheme: str, owner: str) -> str:
        """Give an endpoint a new key; gives what its receiver verifies with."""
        request = pb.RotateKeyRequest(endpoint_id=endpoint_id, overlap_hours=overlap_hours, scheme=scheme, owner=owner)
        return str(self._call(self._stub.RotateKey, request)["key"])

    def test(self, endpoint_id: str) -> dict[str, Any]:
        """Send a test; gives what became of it."""
        found: dict[str, Any] = self._call(self._stub.TestEndpoint, pb.TestEndpointRequest(endpoint_id=endpoint_id))["delivery"]
        return found

    def resend(self, endpoint_id: str, first: str, last: str) -> dict[str, Any]:
        """Have events sent again."""
        return self._endpoint(self._stub.Resend, pb.ResendRequest(endpoint_id=endpoint_id, first=first, last=last))

    def pause(self, endpoint_id: str) -> dict[str, Any]:
        """Stop an endpoint for a while."""
        return self._endpoint(self._stub.Pause, pb.PauseRequest(endpoint_id=endpoint_id))

    def resume(self, endpoint_id: str, start: str) -> dict[str, Any]:
        """Have an endpoint go on."""
        return self._endpoint(self._stub.Resume, pb.ResumeRequest(endpoint_id=endpoint_id, start=start))

    def remove(self, endpoint_id: str) -> None:
        """Forget an endpoint."""
        self._call(self._stub.RemoveEndpoint, pb.RemoveEndpointRequest(endpoint_id=endpoint_id))

    def deliveries(self, endpoint_id: str, limit: int) -> Sequence[dict[str, Any]]:
        """The newest attempts, the newest first."""
        request = pb.ListDeliveriesRequest(endpoint_id=endpoint_id, limit=limit)
        return list(self._call(self._stub.ListDeliveries, request).get("deliveries", []))

    def close(self) -> None:
        """Give back the connection."""
        self._channel.close()

    def _endpoint(self, method: Any, request: Message) -> dict[str, Any]:
        found: dict[str, Any] = self._call(method, request)["endpoint"]
        return found

    def _call(self, method: Any, request: Message) -> dict[str, Any]:
        try:
            metadata = (("authorization", f"Bearer {self._token()}"), tracing.onward())
            answer = method(request, metadata=metadata, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            raise translated(error, self._address) from error
        return dict(body(answer))
