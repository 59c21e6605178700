"""Arguments that several tools share, with the words that clients read."""

from typing import Annotated, Literal

from pydantic import Field

Detail = Literal["summary", "full"]
Environment = Annotated[str, Field(description="Name in faber-db.json")]
Database = Annotated[str, Field(description="Only where there are several")]
WorkId = Annotated[str, Field(description="Work item, to find the plan again")]
PlanId = Annotated[str, Field(description="Run exactly this plan")]
DryRun = Annotated[bool, Field(description="Plan only")]
Cursor = Annotated[str, Field(description="From the answer before")]
