"""`python -m app`: signs in and says who the agent is."""

from app.agent import main
from app.settings import run

run(main)
