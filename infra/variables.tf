# The settings of a deployment. What no deployment needs to change is decided in the other files.

variable "image_tag" {
  description = "Tag of the image in the repository: the commit it was built from. Given by `make deploy`."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{7,40}$", var.image_tag))
    error_message = "image_tag must be a git commit: 7 to 40 hexadecimal digits, as `git rev-parse --short=12 HEAD` prints them."
  }
}

variable "environment" {
  description = "Name of this deployment; part of every resource's name. One state per environment."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,14}$", var.environment))
    error_message = "environment must be 2 to 15 lower-case letters and digits, a letter first, such as production or staging: load balancer names end at 32 characters."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "tags" {
  description = "Tags for every resource. Project, Environment and ManagedBy are set beside them."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.tags), ["Project", "Environment", "ManagedBy"])) == 0
    error_message = "tags must not have Project, Environment or ManagedBy: the configuration sets them."
  }
}

# --- Network ---------------------------------------------------------------------------------

variable "nat_per_zone" {
  description = "One NAT gateway in each zone rather than one in all: twice the price, and no zone depends on another."
  type        = bool
  default     = false
}

variable "client_cidrs" {
  description = "Who may reach the load balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

# --- Front door ------------------------------------------------------------------------------

variable "zone_id" {
  description = "Route 53 hosted zone of host_names: Terraform creates their certificate and records."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || can(regex("^[A-Z0-9]{6,32}$", var.zone_id)) && length(var.host_names) > 0 && var.certificate_arn == null && !var.cdn
    error_message = "zone_id must be the ID of a Route 53 hosted zone, such as Z0123456789ABCDEFGHIJ. It needs host_names, and excludes certificate_arn (it creates the certificate) and cdn (CloudFront has its own)."
  }
}

variable "certificate_arn" {
  description = "ACM certificate in this region, if zone_id does not create one. With either, the load balancer serves HTTPS and redirects HTTP; with neither, it serves HTTP."
  type        = string
  default     = null
}

variable "host_names" {
  description = "Host names of the service, beside the load balancer's own. The first is in the URL."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.host_names : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", name))])
    error_message = "host_names must be full host names in lower case, such as adult.example.org, without scheme or port."
  }
}

variable "rate_limit" {
  description = "Requests that nginx on each instance allows one client, as NUMBERr/s or NUMBERr/m."
  type        = string
  default     = "50r/s"

  validation {
    condition     = can(regex("^[1-9][0-9]{0,5}r/[sm]$", var.rate_limit))
    error_message = "rate_limit must be a number of requests a second or a minute, such as 50r/s or 600r/m."
  }
}

variable "cdn" {
  description = "Put CloudFront before the load balancer, which is then private. Turning it on or off replaces the load balancer."
  type        = bool
  default     = false

  validation {
    condition     = !(var.cdn && var.certificate_arn != null)
    error_message = "cdn and certificate_arn exclude each other: CloudFront brings its own certificate and reaches the load balancer by HTTP."
  }
}

# --- Instances -------------------------------------------------------------------------------

variable "instance_type" {
  description = "EC2 instance type, x86_64 or Graviton: `make deploy` builds the image for it."
  type        = string
  default     = "t3.small"
}

variable "ami_id" {
  description = "Amazon Linux 2023 AMI for the architecture of instance_type. If null, each deploy uses the latest."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami_id))
    error_message = "ami_id must be the ID of an AMI, such as ami-0123456789abcdef0."
  }
}

variable "instances" {
  description = "Smallest and largest number of instances; between them requests_per_instance decides."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }

  validation {
    condition     = var.instances.min >= 1 && var.instances.max >= var.instances.min && var.instances.max <= 50
    error_message = "instances.min must be at least 1 (2 for one in each zone), and instances.max between instances.min and 50."
  }
}

variable "requests_per_instance" {
  description = "Target of scaling: requests per instance and minute."
  type        = number
  default     = 6000

  validation {
    condition     = var.requests_per_instance >= 1
    error_message = "requests_per_instance must be at least 1 a minute."
  }
}

# --- Data ------------------------------------------------------------------------------------

variable "database_instance_class" {
  description = "RDS instance class."
  type        = string
  default     = "db.t4g.small"

  validation {
    condition     = can(regex("^db\\.[a-z0-9-]+\\.[a-z0-9-]+$", var.database_instance_class))
    error_message = "database_instance_class must be an RDS class, such as db.t4g.small or db.m7g.large."
  }
}

variable "database_multi_az" {
  description = "Keep a synchronous standby of the database in the other zone."
  type        = bool
  default     = true
}

variable "database_backup_days" {
  description = "Days for which the database can be restored to any point in time."
  type        = number
  default     = 7
}

variable "database_snapshot" {
  description = "Snapshot to restore from: Terraform creates a database from it, which replaces the current one."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Protect the database and the load balancer from deletion, and buckets, repositories and secrets from deletion with their content."
  type        = bool
  default     = true
}

# --- Watching --------------------------------------------------------------------------------

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 30
}

variable "alarm_email" {
  description = "E-mail address for alarms. AWS sends it a request to confirm."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.alarm_email))
    error_message = "alarm_email must be one e-mail address."
  }
}
