"""archcost."""
