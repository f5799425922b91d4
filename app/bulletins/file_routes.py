"""POST /v1/bulletins/files: a tidy CSV as one atomic batch, with progress where it is asked for (contract: Routes, istmo push)."""

import asyncio
import dataclasses
import functools
from collections.abc import AsyncGenerator, AsyncIterator
from email.message import Message
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.formparsers import MultiPartException, MultiPartParser

from app.access.callers import Caller
from app.access.once import KeepAnswer, once
from app.access.rules import Writer, attempt_of, audited
from app.bulletins.declare import declare_all
from app.bulletins.edge import right_to_write, rights_to_write
from app.bulletins.files import FileBulletins, Reading, at_row, at_rows, read_file, words_of
from app.bulletins.left_out import with_left_out
from app.bulletins.preparing import Progress, Submission, prepare
from app.bulletins.queries import FileQuery
from app.bulletins.routes import receipts, warnings_in
from app.bulletins.service import publish
from app.bulletins.writing import LEFT_OUT, Published
from app.core.clock import utc_now
from app.core.declared import FILE, ONCE, PLACED, SPOKEN
from app.core.gate import Gate
from app.core.http import json_response, read_body
from app.core.language import language_of, spoken
from app.core.problems import Problem, as_json
from app.core.rendering import problem_body
from app.directory.aliases import names_for
from app.directory.allow_list import vocabulary_of
from app.directory.profiles import profiles_for
from app.directory.service import members_of
from app.documents.edge import node_of
from app.documents.texts import read_texts
from app.documents.waiting import together
from app.exchange.node import Node
from app.wire.problem import Finding
from app.wire.published import Receipts, WaitingReceipts

NDJSON = "application/x-ndjson"
_REPLAYED = "Idempotency-Replayed"
_MOST_FINDINGS = 100

router = APIRouter(prefix="/v1/bulletins", tags=["bulletins"])


@dataclasses.dataclass(frozen=True)
class Upload:
    """The bytes of one file, in memory, the charset that its part declares, and its name, read like any text and then dropped."""

    raw: bytes = dataclasses.field(repr=False)
    name: str = dataclasses.field(repr=False)
    charset: str | None = None


async def _upload(request: Request) -> Upload:
    limit = node_of(request).settings.body_limit
    body = await read_body(request, limit, "multipart/form-data")

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    parser = MultiPartParser(request.headers, whole(), max_files=1, max_fields=0)
    # A file that outgrows this is written to disk by the parser: it never does here (contract: held in memory, never spooled).
    parser.spool_max_size = limit + 1
    try:
        form = await parser.parse()
        file = form.get("file")
        raw = None if file is None or isinstance(file, str) else await file.read()
    except (MultiPartException, KeyError) as error:
        raise Problem("invalid-document", Finding("form-malformed", pointer="")) from error
    finally:
        for opened in parser._files_to_close_on_error:  # noqa: SLF001 - a part without an end is in no form, and nobody else closes its file
            opened.close()
    if raw is None:
        raise Problem("invalid-document", Finding("field-missing", pointer="/file"))
    kind = Message()
    kind["Content-Type"] = str(getattr(file, "content_type", ""))
    return Upload(raw, str(getattr(file, "filename", "")), kind.get_content_charset())


@router.post(
    "/files",
    operation_id="push_file",
    status_code=201,
    responses={
        200: {
            "model": Receipts,
            **SPOKEN,
            "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/PushLine"}, "x-lines": True}},
        },
        201: {"model": Receipts, **SPOKEN},
        202: {"model": WaitingReceipts, "headers": {**PLACED["headers"], **SPOKEN["headers"]}},
    },
    openapi_extra={
        **ONCE,
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {"type": "object", "required": ["file"], "properties": {"file": FILE}, "additionalProperties": False}
                }
            },
        },
    },
)
async def push_file(
    request: Request, caller: Writer, upload: Annotated[Upload, Depends(_upload)], query: Annotated[FileQuery, Query()]
) -> Response:
    """Publish the bulletins of a tidy CSV, one a period, together or not at all; `dry_run=true` judges them and stores nothing.

    With Accept: application/x-ndjson the answer is a line of progress a bulletin, and `answer` or `problem` in the last line.
    """
    push = functools.partial(_push, request, node_of(request), caller, upload, query)
    gate: Gate = request.app.state.protection
    if NDJSON not in request.headers.get("accept", ""):
        async with gate.passage():
            return await run_in_threadpool(push, lambda _done, _of, _period: None)
    gate.require_room()
    headers = spoken(language_of(request), "Authorization", "Accept")
    return StreamingResponse(_lines(request, push, gate), headers=headers, media_type=NDJSON)


async def _lines(request: Request, push: functools.partial[Response], gate: Gate) -> AsyncIterator[bytes]:
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[dict[str, dict[str, object]] | None]()

    def tell(done: int, of: int, period: str) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, {"progress": {"done": done, "of": of, "period": period}})

    async with gate.passage():
        work = asyncio.ensure_future(run_in_threadpool(_last_line, request, push, tell))
        work.add_done_callback(lambda _: queue.put_nowait(None))
        while (line := await queue.get()) is not None:
            yield orjson.dumps(line) + b"\n"
        yield await work


def _last_line(request: Request, push: functools.partial[Response], tell: Progress) -> bytes:
    try:
        response = push(tell)
    except Problem as refused:
        problem = audited(request, node_of(request).db, refused)
        body = problem_body(problem, language_of(request), str(getattr(request.state, "request_id", "")))
        return orjson.dumps({"problem": body}) + b"\n"
    answer = orjson.loads(bytes(response.body)) | {"replayed": _REPLAYED in response.headers}
    return orjson.dumps({"answer": answer}) + b"\n"


def _push(request: Request, node: Node, caller: Caller, upload: Upload, query: FileQuery, progress: Progress) -> Response:
    right_to_write(node, caller, {"conference": query.conference, "reporting_state": query.state})

    def work(keep: KeepAnswer | None) -> Response:
        file = _read(node, caller, upload, query, language_of(request))
        remarks = [dataclasses.asdict(remark) for remark in file.remarks]
        try:
            submissions = _submissions(node, caller, file, query)
            _read_words(node, words_of(upload.name, file))
            if query.dry_run:
                done = _judged(node, caller, submissions, progress)
            else:
                # What is kept is without warnings, remarks and what was left out: they depend on unprotected counts.
                keep_it = (
                    (lambda session, done: keep(session, receipts([each for each in done if each.outcome != LEFT_OUT]))) if keep else None
                )
                done = publish(node, caller, submissions, attempt=attempt_of(request), keep=keep_it, progress=progress)
            return _receipts(done, [*remarks, *(dataclasses.asdict(at_row(warning, file)) for warning in warnings_in(done))])
        except Problem as problem:
            raise at_rows(problem, file) from None

    if query.dry_run:
        return _told(work(None), language_of(request))
    kept = node.settings.idempotency_days
    done = once(request, db=node.db, secrets=node.secrets, keep_days=kept, caller=caller, raw=upload.raw, work=work)
    completed = _completed(node, caller, upload, query, done, language_of(request)) if _REPLAYED in done.headers else None
    return _told(done, language_of(request), completed)


def _completed(node: Node, caller: Caller, upload: Upload, query: FileQuery, kept: Response, language: str) -> dict[str, Any]:
    """A kept answer with what was not kept of it, worked out anew; as it was kept where the office's words changed since and the file is none."""
    content = orjson.loads(bytes(kept.body))
    try:
        file = _read(node, caller, upload, query, language)
        with node.db.read() as session:
            content = with_left_out(session, content, file)
    except Problem:
        return {**content, "findings": []}
    return content | {"findings": [dataclasses.asdict(remark) for remark in file.remarks][:_MOST_FINDINGS]}


def _read(node: Node, caller: Caller, upload: Upload, query: FileQuery, language: str) -> FileBulletins:
    with node.db.read() as session:
        names, profiles = names_for(session, caller, language), profiles_for(session, caller)
        members = members_of(session, query.conference or caller.conference, utc_now().date()) if query.members_only else None
    declared = query.model_copy(update={"charset": query.charset or upload.charset})
    return read_file(upload.raw, declared, node.settings.file_rows_limit, upload.name, Reading(names, profiles, members))


def _told(receipts_kept: Response, language: str, completed: dict[str, Any] | None = None) -> Response:
    """The answer with its findings as sentences: they are kept as codes and figures, so that a replay speaks its own reader's language."""
    content = completed or orjson.loads(bytes(receipts_kept.body))
    content["findings"] = [as_json(Finding(**each), language) for each in content["findings"]]
    return _again(receipts_kept, content, spoken(language, "Authorization", "Accept"))


def _submissions(node: Node, caller: Caller, file: FileBulletins, query: FileQuery) -> list[Submission]:
    limit = node.settings.batch_limit
    if len(file.bulletins) > limit:
        raise Problem(
            "invalid-file", Finding("batch-too-long", row=file.bulletins[limit].rows[0], column="period", params={"limit": limit})
        )
    conferences = rights_to_write(node, caller, [bulletin.body for bulletin in file.bulletins], "bulletins")
    drafts = [functools.partial(bulletin.draft, number) for number, bulletin in enumerate(file.bulletins)]
    declared = declare_all(drafts, conferences, "bulletins")
    return [Submission(each, query.protect, reason=query.revise, leave_out_small=query.leave_out_small) for each in declared]


def _read_words(node: Node, words: dict[str, str]) -> None:
    """Refuse a file whose name or header identifies a person; what only looks like one waits for nobody, for neither is kept."""
    with node.db.read() as session:
        vocabulary = vocabulary_of(session)
    read_texts(words, vocabulary)


def _judged(node: Node, caller: Caller, submissions: list[Submission], progress: Progress) -> list[Published]:
    """What publishing would answer; a bulletin that does not exist yet has no id."""
    prepared, _ = prepare(node, caller, submissions, progress)
    wait = together(item.wait for item in prepared)
    by_key = {item.submission.declaration.natural_key: item for item in prepared}
    results = []
    for submission in submissions:
        item, period = by_key.get(submission.declaration.natural_key), submission.declaration.period.code
        document: dict[str, object] | None = None
        if item is not None and item.ready.existing is not None:
            document = {"id": item.ready.document_id, "version": item.ready.version}
        if item is None:
            results.append(Published(LEFT_OUT, period, document))
            continue
        outcome = item.ready.outcome if wait.is_over or not item.ready.is_new else wait.status
        results.append(Published(outcome.value, period, document, warnings=item.warnings, to_confirm=item.to_confirm))
    return results


def _receipts(results: list[Published], remarks: list[dict[str, object]]) -> Response:
    plain = receipts(results)
    if not remarks:
        return plain
    return _again(plain, {"findings": remarks[:_MOST_FINDINGS]})


def _again(answered: Response, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """An answer with other content and more headers."""
    kept = {name: value for name, value in answered.headers.items() if name not in {"content-length", "content-type"}}
    whole = orjson.loads(bytes(answered.body)) | content
    return json_response(whole, status=answered.status_code, headers=kept | (headers or {}))
