"""Config flows over REST, driven by a table: what is answered at which step."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from .api import Api

CONFIG_FLOW = "/api/config/config_entries/flow"
SUBENTRY_FLOW = "/api/config/config_entries/subentries/flow"
MOST_STEPS = 25
POLL_S = 0.2
PATIENCE_S = 60.0

type Answers = Mapping[str, str | Mapping[str, Any]]
"""By step id: the option chosen from a menu, or what is filled into a form."""


class FlowError(Exception):
    """A flow did not go as its table says; the text shows the step, its errors and its fields."""


async def add_entry(api: Api, domain: str, answers: Answers) -> dict[str, Any]:
    """Go through an integration's flow to its end and return the result, which has the entry under `result`."""
    step = await api.post(CONFIG_FLOW, {"handler": domain})
    return await _walk(api, CONFIG_FLOW, step, answers)


async def add_subentry(api: Api, entry_id: str, kind: str, answers: Answers) -> dict[str, Any]:
    """Add a subentry to an entry."""
    step = await api.post(SUBENTRY_FLOW, {"handler": [entry_id, kind]})
    return await _walk(api, SUBENTRY_FLOW, step, answers)


async def continue_subentry(api: Api, result: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """Go on with the subentry flow that an integration opens as soon as its entry is made."""
    following = result.get("next_flow")
    if not following:
        raise FlowError(f"No flow follows: {_shown(result)}")
    step = await api.get(f"{SUBENTRY_FLOW}/{following[1]}")
    return await _walk(api, SUBENTRY_FLOW, step, answers)


async def _walk(api: Api, path: str, step: dict[str, Any], answers: Answers) -> dict[str, Any]:
    """Answer step after step until the flow ends."""
    answered: set[str] = set()
    for _ in range(MOST_STEPS):
        step = await _come_on(api, path, step)
        if step["type"] == "create_entry":
            return step
        step_id = str(step.get("step_id"))
        if step["type"] not in ("form", "menu") or step_id not in answers:
            raise FlowError(f"Nothing is planned for this: {_shown(step)}")
        if step.get("errors") or step_id in answered:
            raise FlowError(f"The form came back: {_shown(step)}")
        answered.add(step_id)
        answer = answers[step_id]
        body = {"next_step_id": answer} if isinstance(answer, str) else answer
        step = await api.post(f"{path}/{step['flow_id']}", body)
    raise FlowError(f"The flow does not end: {_shown(step)}")


async def _come_on(api: Api, path: str, step: dict[str, Any]) -> dict[str, Any]:
    """Wait while a flow only says that it is at work."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while step["type"] == "progress":
                await asyncio.sleep(POLL_S)
                step = await api.get(f"{path}/{step['flow_id']}")
    except TimeoutError as err:
        raise FlowError(f"This does not end: {_shown(step)}") from err
    return step


def _shown(step: Mapping[str, Any]) -> str:
    """Show of a step what explains it; what was typed is not in it."""
    told = {key: step.get(key) for key in ("type", "step_id", "reason", "errors", "menu_options") if step.get(key)}
    if step.get("data_schema"):
        told["fields"] = [field.get("name") for field in step["data_schema"]]
    return json.dumps(told)
