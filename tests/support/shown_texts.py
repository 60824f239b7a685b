"""Notes what Home Assistant shows of Wattbridge and has no text for, or a text that names what nobody fills in.

Much of what is shown is put together at run time: forms by what a cloud has, entities by what a device reports. So it
is looked at where it is shown, in every test that shows it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs.issue_handler import RepairsFlowManager
from homeassistant.config_entries import ConfigSubentryFlowManager, OptionsFlowManager
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.selector import SelectSelector

from custom_components.wattbridge.const import DOMAIN

TEXTS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations" / "en.json").read_text()
)
PLACEHOLDER = re.compile(r"{(\w+)}")


class ShownTexts:
    """What was shown and has no whole text."""

    def __init__(self) -> None:
        """Nothing is missing yet."""
        self.missing: set[str] = set()

    def need(self, path: str, placeholders: Mapping[str, Any] | None = None) -> None:
        """Look a text up, and what it names."""
        text = find(path)
        if not isinstance(text, str):
            self.missing.add(path)
            return
        self.missing |= {
            f"{path}: {{{name}}}" for name in PLACEHOLDER.findall(text) if name not in (placeholders or {})
        }

    def flow_result(self, path: str, result: Mapping[str, Any]) -> None:
        """Look at a form, a menu, or an end without an entry."""
        named = result.get("description_placeholders")
        if result["type"] is FlowResultType.ABORT and not result.get("translation_domain"):
            self.need(f"{path}.abort.{result['reason']}", named)
        if result["type"] not in (FlowResultType.FORM, FlowResultType.MENU):
            return
        step = f"{path}.step.{result['step_id']}"
        self.need(f"{step}.title", named)
        self.need(f"{step}.description", named)
        for option in result.get("menu_options") or ():
            self.need(f"{step}.menu_options.{option}", named)
        for error in (result.get("errors") or {}).values():
            self.need(f"{path}.error.{error}", named)
        if result["type"] is FlowResultType.FORM and result["data_schema"] is not None:
            self._fields(step, result["data_schema"].schema, named)

    def _fields(self, path: str, fields: Mapping[Any, Any], named: Mapping[str, Any] | None) -> None:
        for marker, value in fields.items():
            if isinstance(value, section):
                inner = f"{path}.sections.{marker}"
                self.need(f"{inner}.name", named)
                # Fields of a section without texts are things, and shown by their names.
                if find(f"{inner}.data"):
                    self._fields(inner, value.schema.schema, named)
                else:
                    self.need(f"{inner}.description", named)
                continue
            self.need(f"{path}.data.{marker}", named)
            self.need(f"{path}.data_description.{marker}", named)
            if isinstance(value, SelectSelector) and (key := value.config.get("translation_key")):
                for option in value.config["options"]:
                    self.need(f"selector.{key}.options.{option}")

    def issue(self, key: str, placeholders: Mapping[str, Any] | None, *, is_fixable: bool) -> None:
        """Look at a repair."""
        self.need(f"issues.{key}.title", placeholders)
        if not is_fixable:
            self.need(f"issues.{key}.description", placeholders)

    def entity(self, entity: Entity) -> None:
        """Look at an entity's name, and at the words for its states."""
        key = entity.translation_key
        if key is None:
            return
        path = f"entity.{entity.platform.domain}.{key}"
        if find(f"{path}.name") is not None or entity.device_class is None:
            self.need(f"{path}.name", entity.translation_placeholders)
        for option in getattr(entity, "options", None) or ():
            self.need(f"{path}.state.{option}")
        for kind in getattr(entity, "event_types", None) or ():
            self.need(f"{path}.state_attributes.event_type.state.{kind}")


def find(path: str) -> Any:
    """Return a text, or several, by their path; None if there are none."""
    found: Any = TEXTS
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _flow_path(manager: FlowManager[Any, Any, Any], flow: Any) -> str | None:
    """Say where the texts of a flow are; None for a flow of somebody else."""
    if isinstance(manager, OptionsFlowManager):
        entry = manager.hass.config_entries.async_get_entry(flow.handler)
        return "options" if entry is not None and entry.domain == DOMAIN else None
    if isinstance(manager, ConfigSubentryFlowManager):
        return f"config_subentries.{flow.handler[1]}"
    if flow.handler != DOMAIN:
        return None
    if isinstance(manager, RepairsFlowManager):
        issue = ir.async_get(manager.hass).async_get_issue(DOMAIN, flow.context["issue_id"])
        return None if issue is None else f"issues.{issue.translation_key}.fix_flow"
    return "config"


@contextmanager
def watched_texts() -> Iterator[ShownTexts]:
    """Watch what is shown."""
    shown = ShownTexts()
    handle_step = FlowManager._async_handle_step
    finish_entity = Entity.add_to_platform_finish
    create_issue = ir.IssueRegistry.async_get_or_create
    make_error = HomeAssistantError.__init__

    async def handled(manager: FlowManager[Any, Any, Any], flow: Any, *args: Any) -> Any:
        path = _flow_path(manager, flow)
        result = await handle_step(manager, flow, *args)
        if path is not None:
            shown.flow_result(path, result)
        return result

    async def finished(entity: Entity) -> None:
        await finish_entity(entity)
        if entity.platform.platform_name == DOMAIN:
            shown.entity(entity)

    def created(registry: ir.IssueRegistry, domain: str, issue_id: str, **facts: Any) -> Any:
        if domain == DOMAIN:
            shown.issue(facts["translation_key"], facts["translation_placeholders"], is_fixable=facts["is_fixable"])
        return create_issue(registry, domain, issue_id, **facts)

    def made(error: HomeAssistantError, *args: Any, **facts: Any) -> None:
        make_error(error, *args, **facts)
        if facts.get("translation_domain") == DOMAIN:
            shown.need(f"exceptions.{facts['translation_key']}.message", facts.get("translation_placeholders"))

    with ExitStack() as patches:
        patches.enter_context(patch.object(FlowManager, "_async_handle_step", handled))
        patches.enter_context(patch.object(Entity, "add_to_platform_finish", finished))
        patches.enter_context(patch.object(ir.IssueRegistry, "async_get_or_create", created))
        patches.enter_context(patch.object(HomeAssistantError, "__init__", made))
        yield shown
