"""axe-core in a page: what a machine can find of what shuts people out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page

from tests.support.installed import need
from tools.paths import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


def violations(page: Page, within: str = "body", *, excused: Mapping[tuple[str, str], str] | None = None) -> list[str]:
    """Let axe look at a page, and list what it finds serious or critical: the rule, the element, and what is wrong.

    Args:
        page: as it stands.
        within: a CSS selector; only what is in there is looked at.
        excused: reasons by (rule, CSS selector). An element that the selector matches may break that rule.
    """
    need(AXE, "npm")
    if not page.evaluate("() => 'axe' in window"):
        # Not a script tag: a page may forbid those, and JupyterLab's loader of modules would take axe for one of its.
        page.evaluate(
            f"(() => {{ const define = undefined, module = undefined; {AXE.read_text(encoding='utf-8')} }})()"
        )
    found = page.evaluate(
        """async ([within, excused]) => {
            const { violations } = await axe.run(within, { resultTypes: ['violations'], elementRef: true });
            return violations.flatMap(({ id, impact, help, nodes }) => nodes
                .filter(({ element }) => !excused.some(([rule, selector]) => rule === id && element.matches(selector)))
                .map(({ html, any, all, none }) => ({ id, impact, help, html,
                    why: [...any, ...all, ...none].map(({ message }) => message).join(' · ') })));
        }""",
        [within, [list(excuse) for excuse in excused or {}]],
    )
    return [_said(one) for one in found if one["impact"] in GRAVE]


def _said(one: dict[str, Any]) -> str:
    return f"{one['impact']} {one['id']}: {one['help']}\n    {one['html'][:300]}\n    {one['why'][:400]}"
