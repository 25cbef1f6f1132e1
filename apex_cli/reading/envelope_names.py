"""The names that fields of envelopes have: pages of APIs, messages of queues, webhooks, exports.

All names are in snake case (`field_names.snake`): `@odata.nextLink` is `odata_next_link`, `_links` is `links`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from apex_cli.extract import timestamps
from apex_cli.extract.field_names import snake


def _words(text: str) -> dict[str, None]:
    """The words in their order, each once."""
    return dict.fromkeys(text.split())


# Around the rows of a page, and never part of a record.
_PAGE = _words("""
    pagination paging page_info page_metadata links link meta metadata next next_page next_link next_url next_token
    next_cursor next_page_token next_records_url previous previous_page prev first_page last_page has_more has_next
    has_next_page has_previous_page start_cursor end_cursor cursor total total_count total_size total_records
    total_results total_elements total_pages total_items count row_count result_count record_count number_of_elements
    page page_number page_size per_page limit offset is_last first last skip top done success ok took timed_out shards
    odata_context odata_count odata_next_link odata_etag odata_type typename request_id extensions
    generated_at exported_at extracted_at schema_version api_version
    """)
_FINE = frozenset(("success", "ok", "200", "complete", "completed", "true", "null"))
# Of a message, an event or a webhook: about its way here, not about the thing.
_DELIVERY = _words("""
    id uuid type event event_id event_name event_type event_time event_version event_source event_source_arn
    event_subscription_arn detail_type source specversion spec_version data_content_type datacontenttype data_schema
    dataschema version account region resources topic topic_arn message_id message_attributes attributes md5_of_body
    md5_of_message_attributes receipt_handle aws_region signature signature_version signing_cert_url
    unsubscribe_url subscribe_url token subject timestamp time ts ts_ms sent sent_at sent_timestamp
    date created_at updated_at emitted_at occurred_at published_at publish_time received_at time_extracted as_of
    headers header params query query_string_parameters multi_value_headers multi_value_query_string_parameters
    path path_parameters http_method method route_key raw_path raw_query_string cookies stage_variables
    request_context is_base64_encoded webhook_url execution_mode paired_item binary hook webhook webhook_id
    subscription subscription_id delivery_attempt ordering_key correlation_id trace_id span_id request tenant tenant_id
    org_id organization_id organization org authorization user_agent partition partition_key sequence_number
    kinesis_schema_version approximate_arrival_timestamp invoke_identity_arn key tstype broker
    index score max_score relation search full_url resource_type identifier bundle status code message action operation
    verb trigger attempt retry retries checksum hash etag encoding content_type format schema schema_url
    """)
# As they are spelled by SQS (`receiptHandle` by Lambda, `ReceiptHandle` by its API), SNS, Pub/Sub and Event Hubs.
_QUEUE = frozenset((
    "receiptHandle", "ReceiptHandle", "md5OfBody", "MD5OfBody", "eventSourceARN", "TopicArn", "SigningCertURL",
    "SigningCertUrl", "publishTime", "EnqueuedTimeUtc", "approximateArrivalTimestamp",
))  # fmt: skip
# Noted, but no rows: what went wrong is about the answer.
_ASIDE = frozenset(("errors", "error", "warnings", "warning", "notices", "messages", "fault", "faults"))
# Names of lists and of what is in them that say nothing of what it is.
_GENERIC = _words("""
    data items item results result records record rows row value values edges edge nodes node entry entries resource
    resources elements element objects object list array collection content contents hits source sources embedded body
    payload message messages detail details json event events event_payload page pages response responses output outputs
    input inputs document documents doc docs kinesis sns sqs pubsub after before new old current export feed batch
    changes change get query all d raw root xml envelope json_data new_image dynamodb inner outer wrapper bundle
    """)
_TIMES = tuple(
    _words("""
    time_extracted emitted_at generated_at exported_at extracted_at timestamp time event_time occurred_at published_at
     publish_time sent_at sent_timestamp sent as_of approximate_arrival_timestamp updated_at created_at ts_ms ts date
""")
)
_ABOUT = ("attributes", "meta", "metadata", "header", "headers", "request_context")
_OWN_ID = re.compile(r"(.+)_(?:id|number|no)")
# Ids of the way a message came, and of those who own the data.
_NOT_OWN = _words("""
    event message request batch trace span correlation delivery webhook hook subscription tenant org organization
    organisation account company user session job run transaction sender source client api app application integration
    topic execution invocation workflow connection cursor page sequence node cluster process pipeline export import sync
    feed team workspace project environment causation partition record row schema receipt publisher producer stream
    """)
_MANY_FIELDS = 4


def is_page_name(name: str, value: object) -> bool:
    """Whether a field is about a page of rows and no part of a record."""
    spelled = snake(name)
    if spelled in ("status", "code"):
        return str(value).lower() in _FINE
    return spelled in _PAGE


def is_bookkeeping(name: str) -> bool:
    """Whether a field beside a known record is about how it came."""
    spelled = snake(name)
    return spelled in _PAGE or spelled in _DELIVERY


def is_of_a_queue(value: Mapping[str, object]) -> bool:
    """Whether an object is a message of a queue. Its `messageId`, `body` and `subject` are no e-mail's."""
    return not _QUEUE.isdisjoint(value)


def is_body(name: str) -> bool:
    """Whether a field of a message is what it carries."""
    return snake(name) == "body"


def is_aside(name: str) -> bool:
    """Whether a field holds what went wrong, which is never rows."""
    return snake(name) in _ASIDE


def is_generic(name: str) -> bool:
    """Whether the name of a list or a wrapper says nothing of what is inside: `data`, `node`."""
    return snake(name) in _GENERIC


def is_telling(name: str) -> bool:
    """Whether a name says what is under it, as `shipments` does, and `data` and `SHIP-1` do not."""
    return not is_generic(name) and not any(char.isdigit() for char in name)


def is_record_of_its_own(rest: Mapping[str, object]) -> bool:
    """Whether what is left of an envelope is a thing of its own: an invoice that holds a shipment, say.

    It has an id (`invoice_id`, `claim_number`) that is not one of the delivery, and at least one more field; or a plain
    `id` and at least three more. `rest` is the envelope without what was opened; bookkeeping counts as nothing.
    """
    spelled = [snake(name) for name in rest]
    own = [name for name in spelled if name not in _PAGE and name not in _DELIVERY]
    named = any((match := _OWN_ID.fullmatch(name)) and match[1] not in _NOT_OWN for name in own)
    return len(own) > 1 if named else "id" in spelled and len(own) >= _MANY_FIELDS - 1


def time_of(envelope: Mapping[str, object]) -> datetime | None:
    """The time that an envelope gives, in a field of its own or in its metadata; None where it has none."""
    found = _time_in(envelope)
    if found is None:
        for name, inside in envelope.items():
            if isinstance(inside, Mapping) and snake(name) in _ABOUT:
                found = found or _time_in(inside)
    return found


def _time_in(fields: Mapping[str, object]) -> datetime | None:
    named = {snake(name): value for name, value in fields.items() if isinstance(value, str | int | float)}
    return next((time for name in _TIMES if name in named and (time := timestamps.parse(named[name]))), None)
