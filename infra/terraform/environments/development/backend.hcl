# terraform init -backend-config=backend.hcl -backend-config="bucket=NAME"; NAME is an output of ../../state.
key          = "bharatchef/development/terraform.tfstate"
region       = "ap-south-1"
encrypt      = true
use_lockfile = true
