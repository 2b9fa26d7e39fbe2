# Where images lie: the names that delivery gives its repositories, and the tag that this environment runs.

locals {
  registry    = "${local.account}.dkr.ecr.${var.region}.amazonaws.com"
  image_names = { for image in ["server", "worker", "intake", "model-host-asgi", "model-host-torchserve"] : image => "bharatchef-${image}-${var.environment}" }
  images      = { for image, name in local.image_names : image => "${local.registry}/${name}:${var.image_tag}" }
  repository_arns = {
    for image, name in local.image_names : image => "arn:aws:ecr:${var.region}:${local.account}:repository/${name}"
  }
}
