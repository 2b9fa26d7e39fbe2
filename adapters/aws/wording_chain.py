"""The wording as one LangChain chain: what was retrieved, the prompt, the model.

Importing this loads LangChain; it knows no vendor and no store. The tips were looked up once, by the rules
coach, in whose brief they stand: the chain's retrieval step hands on what was found there, however often a
model is asked, and searches nothing again.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable, RunnableLambda

INSTRUCTIONS, BRIEF = "instructions", "brief"


def wording_chain(
    system: str, images: Sequence[bytes], model: BaseChatModel, schema: dict[str, Any], answer: str
) -> Runnable[str, Any]:
    """``retriever | prompt | model``: a brief as it is sent in, the model's raw and read answer out.

    Args:
        system: the instructions.
        images: JPEG pictures that stand before the brief.
        schema: JSON schema of the answer, without limits on lengths and numbers.
        answer: how the model is held to it, ``json_schema`` or ``function_calling``.
    """
    retriever: Runnable[str, dict[str, Any]] = RunnableLambda(
        lambda brief: {INSTRUCTIONS: system, BRIEF: [retrieved(brief, images)]}
    ).with_config(run_name="retrieved tips and findings")
    # The instructions and the brief are values, not templates: braces in them stay braces.
    prompt = ChatPromptTemplate([("system", f"{{{INSTRUCTIONS}}}"), MessagesPlaceholder(BRIEF)])
    return retriever | prompt | model.with_structured_output(schema, method=answer, include_raw=True)


def retrieved(brief: str, images: Sequence[bytes]) -> HumanMessage:
    """What the rules coach found, tips by id among it, as the model is told it: pictures, then the brief."""
    pictures = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": "image/jpeg",
                "data": base64.b64encode(image).decode(),
            },
        }
        for image in images
    ]
    content: list[str | dict[str, Any]] = [*pictures, {"type": "text", "text": brief}]
    return HumanMessage(content)
