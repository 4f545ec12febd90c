# holdfast.mk: what `make` offers of Holdfast (written by `holdfast migrate`; `holdfast --help` has everything).
#
#   make claims                          who works on what
#   make claim PLAN=12                   claim a plan: branch, claim and worktree
#   make worktree PLAN=12                the same
#   make release PLAN=12                 give the claim back (or BRANCH=)
#   make finish BRANCH=plan-12-x PR=7    validate everything, merge once, clean up
#   make worktree-remove BRANCH=...      refuses while somebody is inside; restorable
#   make status                          where you are, and what is next
#
# Each has a second name with `holdfast-` before it. Those of these names have no other meaning in this Makefile:
HOLDFAST_NAMES := @NAMES@

HOLDFAST_ALL := $(addprefix holdfast-,claims claim release finish worktree worktree-remove status)

# A value is text: what was given on the command line or in the environment is not expanded by make, and reaches the
# command through the environment, so that no shell reads it either.
holdfast-given = $(if $(filter command environment,$(firstword $(origin $(1)))),$(value $(1)),$($(1)))
$(foreach name,BRANCH PLAN PR TASK,$(eval $(HOLDFAST_ALL): override export $(name) := $$(call holdfast-given,$(name))))

holdfast-claims:
	@exec holdfast claims

holdfast-claim holdfast-worktree:
	@set -- "$${PLAN:-$$BRANCH}"; exec holdfast start $${1:+-- "$$1"}

holdfast-release:
	@set -- "$${PLAN:-$$BRANCH}"; exec holdfast unclaim $${1:+-- "$$1"}

holdfast-finish:
	@set --; [ -z "$$BRANCH" ] || set -- --branch="$$BRANCH"; [ -z "$$PR" ] || set -- "$$@" --pr="$$PR"; exec holdfast finish "$$@"

holdfast-worktree-remove:
	@exec holdfast worktree remove $${BRANCH:+-- "$$BRANCH"}

holdfast-status:
	@exec holdfast status

ifneq ($(HOLDFAST_NAMES),)
$(HOLDFAST_NAMES): %: holdfast-%
endif

.PHONY: $(HOLDFAST_NAMES) $(HOLDFAST_ALL)
