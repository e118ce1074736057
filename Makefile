.PHONY: demo test bench
demo test bench:
	@$(or $(PYTHON),python3) dev.py $@ $(ARGS)
