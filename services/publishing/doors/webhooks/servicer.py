"""The operators' service over gRPC: form is read here, everything else is in `admin`."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from grants.webhooks.v1 import webhooks_pb2 as pb
from grants.webhooks.v1 import webhooks_pb2_grpc

from services.kernel.form import MalformedError, from_json
from services.kernel.people import Role
from services.publishing.doors.webhooks.admin import Admin, NewEndpoint, StateError
from services.publishing.doors.webhooks.delivery import UnknownEndpointError
from services.publishing.doors.webhooks.endpoints import Delivery, Endpoint
from services.publishing.doors.webhooks.keys import Scheme
from services.publishing.doors.webhooks.payload import Payload
from services.runtime.server import caller, require

_MAX_HOURS = 24 * 365


class Servicer(webhooks_pb2_grpc.WebhookServiceServicer):
    """Answers operators. `run` has work done in the event loop of the door, `wake` has it look at what has changed."""

    def __init__(
        self, admin: Admin, run: Callable[[Coroutine[Any, Any, Delivery]], "Future[Delivery]"], wake: Callable[[], None]
    ) -> None:
        self._admin, self._run, self._wake = admin, run, wake

    async def AddEndpoint(self, request: pb.AddEndpointRequest, context: Any) -> pb.AddEndpointResponse:  # noqa: N802
        """See `Admin.add`."""
        members = {
            "endpointId": request.endpoint_id,
            "url": request.url,
            "owner": request.owner,
            "types": list(request.types),
            "calls": list(request.calls),
            "payload": request.payload or Payload.THIN.value,
            "scheme": request.scheme or Scheme.HMAC.value,
            "start": request.start,
        }
        by = await _operator(context)
        new = from_json(NewEndpoint, members)
        endpoint, key = await self._done(asyncio.to_thread(self._admin.add, new, by=by), context)
        return pb.AddEndpointResponse(endpoint=_endpoint(endpoint), key=key)

    async def ListEndpoints(self, request: pb.ListEndpointsRequest, context: Any) -> pb.ListEndpointsResponse:  # noqa: ARG002, N802
        """See `Admin.endpoints`."""
        await _operator(context)
        found = await asyncio.to_thread(self._admin.endpoints)
        return pb.ListEndpointsResponse(endpoints=map(_endpoint, found))

    async def RotateKey(self, request: pb.RotateKeyRequest, context: Any) -> pb.RotateKeyResponse:  # noqa: N802
        """See `Admin.rotate`."""
        by = await _operator(context)
        terms: dict[str, Any] = {
            "overlap": timedelta(hours=max(-1, min(request.overlap_hours, _MAX_HOURS))),
            "scheme": _scheme(request.scheme),
            "owner": request.owner,
        }
        key = await self._done(asyncio.to_thread(self._admin.rotate, request.endpoint_id, **terms, by=by), context)
        return pb.RotateKeyResponse(key=key)

    async def TestEndpoint(self, request: pb.TestEndpointRequest, context: Any) -> pb.TestEndpointResponse:  # noqa: N802
        """See `Admin.test`."""
        by = await _operator(context)
        try:
            under_way = self._run(self._admin.test(request.endpoint_id, by=by))
        except RuntimeError as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            raise
        return pb.TestEndpointResponse(delivery=_delivery(await self._done(asyncio.wrap_future(under_way), context)))

    async def Resend(self, request: pb.ResendRequest, context: Any) -> pb.ResendResponse:  # noqa: N802
        """See `Admin.resend`."""
        by = await _operator(context)
        work = asyncio.to_thread(self._admin.resend, request.endpoint_id, request.first, request.last or request.first, by=by)
        return pb.ResendResponse(endpoint=_endpoint(await self._done(work, context)))

    async def Pause(self, request: pb.PauseRequest, context: Any) -> pb.PauseResponse:  # noqa: N802
        """See `Admin.pause`."""
        by = await _operator(context)
        work = asyncio.to_thread(self._admin.pause, request.endpoint_id, by=by)
        return pb.PauseResponse(endpoint=_endpoint(await self._done(work, context)))

    async def Resume(self, request: pb.ResumeRequest, context: Any) -> pb.ResumeResponse:  # noqa: N802
        """See `Admin.resume`."""
        by = await _operator(context)
        work = asyncio.to_thread(self._admin.resume, request.endpoint_id, request.start, by=by)
        return pb.ResumeResponse(endpoint=_endpoint(await self._done(work, context)))

    async def RemoveEndpoint(self, request: pb.RemoveEndpointRequest, context: Any) -> pb.RemoveEndpointResponse:  # noqa: N802
        """See `Admin.remove`."""
        by = await _operator(context)
        await self._done(asyncio.to_thread(self._admin.remove, request.endpoint_id, by=by), context)
        return pb.RemoveEndpointResponse()

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Any) -> pb.ListDeliveriesResponse:  # noqa: N802
        """See `Admin.deliveries`."""
        await _operator(context)
        found = await self._done(asyncio.to_thread(self._admin.deliveries, request.endpoint_id, request.limit), context)
        return pb.ListDeliveriesResponse(deliveries=map(_delivery, found))

    async def _done(self, work: Awaitable[Any], context: Any) -> Any:
        """What the work gives; what cannot be done is an answer with a status."""
        try:
            result = await work
        except UnknownEndpointError as error:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no endpoint {str(error.args[0])[:100]!r}")
            raise
        except StateError as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise
        self._wake()
        return result


async def _operator(context: Any) -> str:
    """The id of who calls, who must be an operator."""
    await require(context, Role.OPERATOR)
    return caller().id


def _scheme(text: str) -> Scheme | None:
    if text and text not in set(Scheme):
        raise MalformedError("scheme", repr(text[:60]), " or ".join(Scheme))
    return Scheme(text) if text else None


def _endpoint(endpoint: Endpoint) -> pb.Endpoint:
    return pb.Endpoint(
        endpoint_id=endpoint.endpoint_id,
        url=endpoint.url,
        types=sorted(endpoint.types),
        calls=sorted(endpoint.calls),
        payload=endpoint.payload.value,
        state=endpoint.state.value,
        why=endpoint.why.value if endpoint.why else "",
        next=endpoint.next,
        resend_next=endpoint.resend_next,
        resend_last=endpoint.resend_last,
        failed=endpoint.failed,
        due=_stamp(endpoint.due),
    )


def _delivery(delivery: Delivery) -> pb.Delivery:
    return pb.Delivery(
        endpoint_id=delivery.endpoint_id,
        number=delivery.number,
        at=_stamp(delivery.at),
        webhook_id=delivery.webhook_id,
        type=delivery.type,
        attempt=delivery.attempt,
        reason=delivery.outcome.reason.value,
        status=delivery.outcome.status,
        detail=delivery.outcome.detail,
        millis=delivery.outcome.millis,
    )


def _stamp(value: Any) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp
